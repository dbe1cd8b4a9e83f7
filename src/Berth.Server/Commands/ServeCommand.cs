using System.CommandLine;
using Berth.Server.Configuration;
using Berth.Server.Hosting;

namespace Berth.Server.Commands;

/// <summary><c>serve</c>: the registry itself, until SIGTERM.</summary>
internal static class ServeCommand
{
    /// <summary>The command with its flags and action.</summary>
    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "The data folder (./data).", HelpName = "DIR" };
        var http = new Option<string?>("--http") { Description = "Where plain HTTP listens (127.0.0.1:5000), or none.", HelpName = "ADDR:PORT" };
        var https = new Option<string?>("--https") { Description = "Where HTTPS listens (127.0.0.1:5443), or none.", HelpName = "ADDR:PORT" };
        var domain = new Option<string?>("--domain") { Description = "The domain of the registries' names (berth.localhost).", HelpName = "NAME" };
        var config = new Option<string?>("--config") { Description = "A JSON file with settings; BERTH_ variables and flags win over it.", HelpName = "FILE" };
        var command = new Command("serve", "Serves the registry until it is told to end.") { data, http, https, domain, config };
        command.SetAction((parsed, cancellationToken) =>
        {
            var arguments = new ServeArguments(
                parsed.GetValue(data), parsed.GetValue(http), parsed.GetValue(https), parsed.GetValue(domain), parsed.GetValue(config));
            var (options, unknown) = ServerOptionsLoader.Load(arguments, Environment.GetEnvironmentVariables());
            return BerthHost.RunAsync(options, unknown, cancellationToken);
        });
        return command;
    }
}

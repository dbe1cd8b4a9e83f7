using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.AzureCli;

/// <summary><c>az</c>: makes the Azure CLI know an installation. What it prints on stdout is for the shell to evaluate; what people need to know is on stderr.</summary>
internal static class AzCommand
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("az", "Makes the Azure CLI of this machine know the installation.") { Setup() };

    private static Command Setup()
    {
        var endpoint = ApiCommand.Optional("Any address of the installation (or BERTH_ENDPOINT); the one that is signed in to when it is not given.", "--endpoint");
        var name = new Option<string>("--name", "-n") { Description = "What the Azure CLI calls it.", DefaultValueFactory = _ => "Berth" };
        var hosts = ApiCommand.Switch("Write the names that do not resolve to /etc/hosts, which takes root.", "--hosts");
        var command = new Command("setup", "Registers the installation as a cloud of the Azure CLI and selects it; prints the variable with which the Azure CLI trusts its certificate.")
        {
            endpoint, name, hosts,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var address = await AddressAsync(parsed.GetValue(endpoint), cancellationToken);
            using var client = Wire.Connect();
            var known = await Wire.SendAsync(client, HttpMethod.Get, new Uri(address, "/.well-known/berth"), null, null, cancellationToken);
            var cloud = await Wire.SendAsync(client, HttpMethod.Get, new Uri(address, "/cloud.json"), null, null, cancellationToken);
            await AzureClouds.SelectAsync(parsed.GetValue(name)!, cloud, cancellationToken);
            await Console.Error.WriteLineAsync($"berth: the Azure CLI's cloud is '{parsed.GetValue(name)}' now; az cloud set -n AzureCloud goes back.");

            await HostsAsync(address, known, parsed.GetValue(hosts), cancellationToken);
            await Console.Error.WriteLineAsync($"berth: sign in with az login --username NAME --tenant {known.Required("tenantId")}");
            if (Environment.GetEnvironmentVariable("SSL_CERT_FILE") is { Length: > 0 } authority)
                await Console.Out.WriteLineAsync($"export REQUESTS_CA_BUNDLE={Quote(Path.GetFullPath(authority))}");
            else
                await Console.Error.WriteLineAsync("berth: if the Azure CLI does not trust the installation's certificate, set REQUESTS_CA_BUNDLE to its CA, which stands at tls/ca.pem in its data folder.");
        });
        return command;
    }

    private static async Task<Uri> AddressAsync(string? endpoint, CancellationToken cancellationToken)
    {
        var given = endpoint ?? Environment.GetEnvironmentVariable("BERTH_ENDPOINT");
        if (given is not { Length: > 0 })
            return new Uri((await SessionFile.FindAsync(cancellationToken))?.Endpoint ?? throw new ArgumentException("Give --endpoint, set BERTH_ENDPOINT, or sign in first (./berth login)."));
        return Uri.TryCreate(given.Contains("://", StringComparison.Ordinal) ? given : $"https://{given}", UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps
            ? address
            : throw new ArgumentException($"--endpoint is '{given}', which is no https address; the Azure CLI speaks no other.");
    }

    private static async Task HostsAsync(Uri address, JsonElement known, bool isToBeWritten, CancellationToken cancellationToken)
    {
        var names = ((string[])["loginEndpoint", "armEndpoint", "graphEndpoint"]).Select(property => new Uri(known.Required(property)).Host)
            .Append($"{known.Required("defaultRegistry")}.{known.Required("domain")}");
        if (await HostsFile.LineForAsync(address, names, cancellationToken) is not { } line) return;

        if (isToBeWritten)
        {
            await HostsFile.AddAsync(line, cancellationToken);
            await Console.Error.WriteLineAsync($"berth: added to {HostsFile.Location}: {line}");
            return;
        }

        await Console.Error.WriteLineAsync($"berth: names of the installation do not resolve on this machine. Add this line to {HostsFile.Location}, or run again as root with --hosts:");
        await Console.Error.WriteLineAsync(line);
    }

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}

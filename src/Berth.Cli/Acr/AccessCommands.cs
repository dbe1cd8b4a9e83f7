using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Acr;

/// <summary><c>acr access</c>: who may do what in a registry and why, who signed in, who was refused.</summary>
internal static class AccessCommands
{
    // The answers have no versions yet; the control plane's addresses end in one.
    private const string Version = "1";

    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("access", "Who may do what, and who did.")
    {
        Report(), Explain(),
        Events("logins", "Lists who signed in to a registry, and from where."),
        Events("denials", "Lists who was refused by a registry, and why."),
    };

    private static Command Report()
    {
        var name = Name();
        var repository = ApiCommand.Required("The repository.", "--repository");
        return ApiCommand.Create("report", "Lists everybody who may do something with a repository, and by which way.", [name, repository], (parsed, session, cancellationToken) =>
            AskAsync(session, parsed.GetValue(name)!, "report", $"&repository={Escape(parsed, repository)}", cancellationToken));
    }

    private static Command Explain()
    {
        var name = Name();
        var repository = ApiCommand.Required("The repository.", "--repository");
        var principal = ApiCommand.Required("A user name, a client id or an object id.", "--principal");
        var action = ApiCommand.Required("ContentRead (pull), ContentWrite (push), ContentDelete, MetadataRead, MetadataWrite, MetadataDelete, DeletedRead or DeletedRestore.", "--action");
        return ApiCommand.Create(
            "explain", "Says why somebody may or may not do something, and which role would give it.", [name, repository, principal, action],
            (parsed, session, cancellationToken) => AskAsync(
                session, parsed.GetValue(name)!, "explain",
                $"&repository={Escape(parsed, repository)}&principal={Escape(parsed, principal)}&action={Escape(parsed, action)}", cancellationToken));
    }

    private static Command Events(string verb, string description)
    {
        var name = Name();
        var hours = new Option<int>("--hours") { Description = "How far back, in hours; 24 when it is not given, 2160 at most.", DefaultValueFactory = _ => 24 };
        return ApiCommand.Create(verb, description, [name, hours], (parsed, session, cancellationToken) =>
            AskAsync(session, parsed.GetValue(name)!, verb, FormattableString.Invariant($"&hours={parsed.GetValue(hours)}"), cancellationToken));
    }

    private static async Task<JsonElement> AskAsync(ApiSession session, string registry, string question, string query, CancellationToken cancellationToken)
    {
        var answer = await session.ArmAsync(
            HttpMethod.Get, $"/berth/v1/registries/{Uri.EscapeDataString(registry)}/access/{question}", Version, null, cancellationToken, query);
        if (answer.TryGetProperty("isCut", out var cut) && cut.GetBoolean())
            await Console.Error.WriteLineAsync("berth: there is more than fits in one answer; what follows is a part.");
        return answer.TryGetProperty("value", out var value) ? value : answer;
    }

    private static string Escape(ParseResult parsed, Option<string> option) => Uri.EscapeDataString(parsed.GetValue(option)!);

    private static Option<string> Name() => ApiCommand.Required("The registry's name.", "--name", "-n");
}

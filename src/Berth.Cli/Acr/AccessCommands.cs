using System.CommandLine;
using Berth.Cli.Session;

namespace Berth.Cli.Acr;

/// <summary><c>acr access</c>: who may do what in a registry and why, who signed in, who was refused, who pulls what, and which credentials are used.</summary>
internal static class AccessCommands
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("access", "Who may do what, and who did.")
    {
        Report(), Explain(),
        Events("logins", "Lists who signed in to a registry, and from where.", Name()),
        Events("denials", "Lists who was refused by a registry, and why.", Name()),
        Consumers(), Credentials(),
    };

    private static Command Report()
    {
        var name = Name();
        var repository = Repository();
        var principal = ApiCommand.Optional("A user name, a client id or an object id: lists the repositories it may do something with.", "--principal");
        var report = AccessQuestion.Create(
            "report", "Lists everybody who may do something with a repository, or all that somebody may do, and by which way.", [name, repository, principal],
            ["repository", "name", "displayName", "kind", "actions", "way", "role", "groups", "scope", "condition"], ["assignmentId", "objectId"],
            (parsed, session, cancellationToken) => AccessAnswers.ListAsync(
                session, parsed.GetValue(name)!, "report", Query(("repository", parsed.GetValue(repository)), ("principal", parsed.GetValue(principal))),
                cancellationToken));
        report.Validators.Add(result =>
        {
            if (result.GetResult(repository) is null && result.GetResult(principal) is null) result.AddError("Give --repository, --principal, or both.");
        });
        return report;
    }

    private static Command Explain()
    {
        var name = Name();
        var repository = ApiCommand.Required("The repository.", "--repository");
        var principal = ApiCommand.Required("A user name, a client id or an object id.", "--principal");
        var action = ApiCommand.Required("ContentRead (pull), ContentWrite (push), ContentDelete, MetadataRead, MetadataWrite, MetadataDelete, DeletedRead or DeletedRestore.", "--action");
        return AccessQuestion.Create(
            "explain", "Says why somebody may or may not do something, and which role would give it.", [name, repository, principal, action],
            ["principal", "repository", "action", "allowed", "verdict", "role", "scope", "condition", "sentence"], ["source"],
            (parsed, session, cancellationToken) => AccessAnswers.GetAsync(
                session, parsed.GetValue(name)!, "explain",
                Query(("repository", parsed.GetValue(repository)), ("principal", parsed.GetValue(principal)), ("action", parsed.GetValue(action))), cancellationToken));
    }

    /// <summary>A command that lists who signed in or was refused: at the registry of the option's name, or without the option at what belongs to no registry.</summary>
    public static Command Events(string verb, string description, Option<string>? name)
    {
        var hours = new Option<int>("--hours") { Description = "How far back, in hours; 24 when it is not given, 2160 at most.", DefaultValueFactory = _ => 24 };
        return AccessQuestion.Create(
            verb, description, name is null ? [hours] : [name, hours], ["minute", "kind", "actor", "displayName", "address", "reason", "count", "requestId"], [],
            (parsed, session, cancellationToken) => AccessAnswers.ListAsync(
                session, name is null ? null : parsed.GetValue(name), verb, FormattableString.Invariant($"&hours={parsed.GetValue(hours)}"), cancellationToken));
    }

    private static Command Consumers()
    {
        var name = Name();
        var repository = Repository();
        var digest = ApiCommand.Optional("One manifest of the repository, such as sha256:….", "--digest");
        var principal = ApiCommand.Optional("A user name, a client id or an object id; an empty text for pulls without credentials.", "--principal");
        var since = ApiCommand.Optional("Only those who pulled at this time or later, such as 2026-01-31T00:00:00Z.", "--since");
        return AccessQuestion.Create(
            "consumers", "Lists who pulls which manifest, from where, with what, how often, and when last.", [name, repository, digest, principal, since],
            ["repository", "digest", "principal", "displayName", "address", "userAgent", "count", "firstPulledAt", "lastPulledAt"], [],
            (parsed, session, cancellationToken) => AccessAnswers.ListAsync(
                session, parsed.GetValue(name)!, "consumers",
                Query(
                    ("repository", parsed.GetValue(repository)), ("digest", parsed.GetValue(digest)), ("principal", parsed.GetValue(principal)),
                    ("since", parsed.GetValue(since))),
                cancellationToken));
    }

    private static Command Credentials()
    {
        var name = Name();
        var principal = ApiCommand.Optional("A user name, a client id or an object id; everybody with a right in the registry when it is not given.", "--principal");
        return AccessQuestion.Create(
            "credentials", "Lists what proves who somebody is, when it ends, and when and from where it was used last.", [name, principal],
            ["kind", "principal", "displayName", "enabled", "name", "createdAt", "expiresAt", "lastUsedAt", "lastUsedFrom"], ["keyId", "principalKind", "objectId"],
            (parsed, session, cancellationToken) =>
                AccessAnswers.ListAsync(session, parsed.GetValue(name)!, "credentials", Query(("principal", parsed.GetValue(principal))), cancellationToken));
    }

    private static string Query(params ReadOnlySpan<(string Name, string? Value)> values)
    {
        var query = "";
        foreach (var (name, value) in values) query += value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";
        return query;
    }

    private static Option<string?> Repository() => ApiCommand.Optional("The repository.", "--repository");

    private static Option<string> Name() => RegistryResource.NameOption("--name", "--registry", "-n", "-r");
}

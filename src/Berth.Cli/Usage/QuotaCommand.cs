using System.CommandLine;
using System.Text.Json;
using Berth.Cli.Acr;
using Berth.Cli.Session;
using Berth.Oci;

namespace Berth.Cli.Usage;

/// <summary><c>quota</c>: how much a registry and its repositories may hold.</summary>
internal static class QuotaCommand
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("quota", "How much a registry and its repositories may hold.") { Show(), List(), Set(), Delete() };

    private static Command Show()
    {
        var repository = Repository();
        return RegistryCommand.Create("show", "Shows a quota, and what is used of it.", Registry(), [repository], (parsed, client, cancellationToken) =>
            client.GetQuotaAsync(Named(parsed, repository), cancellationToken));
    }

    private static Command List() => RegistryCommand.Create(
        "list", "Lists the repositories that have a quota.", Registry(), [], (_, client, printer, cancellationToken) =>
            printer.WriteAsync(client.ListQuotasAsync(cancellationToken), cancellationToken));

    private static Command Set()
    {
        var repository = Repository();
        var limit = ApiCommand.Optional("How much may be held: pushes beyond are refused. Bytes, or with a unit such as 500MB or 20GiB.", "--limit");
        var soft = ApiCommand.Optional("From where on somebody is told, and pushes go on; not above the limit.", "--soft-limit");
        return RegistryCommand.Create(
            "set", "Sets the quota of a registry or a repository; what is not given is no limit.", Registry(), [repository, limit, soft], (parsed, client, cancellationToken) =>
            {
                var (most, told) = (parsed.GetValue(limit), parsed.GetValue(soft));
                if (most is null && told is null) throw new ArgumentException("Give --limit, --soft-limit, or both; ./berth quota delete takes a quota away.");
                return client.SetQuotaAsync(Named(parsed, repository), Json.Make(json =>
                {
                    Write(json, "limit", most);
                    Write(json, "softLimit", told);
                }), cancellationToken);
            }, changes: true);
    }

    private static Command Delete()
    {
        var (repository, yes) = (Repository(), Confirmation.Option());
        return RegistryCommand.Create("delete", "Takes the quota of a registry or a repository away.", Registry(), [repository, yes], async (parsed, client, cancellationToken) =>
        {
            var named = Named(parsed, repository);
            Confirmation.Require($"Let {(named is { } name ? $"the repository '{name}'" : "the registry")} hold any amount?", parsed.GetValue(yes));
            await client.DeleteQuotaAsync(named, cancellationToken);
            return default;
        });
    }

    private static void Write(Utf8JsonWriter json, string name, string? size)
    {
        if (size is not null) json.WriteNumber(name, ByteSize.Parse(size));
    }

    private static RepositoryName? Named(ParseResult parsed, Option<string?> repository) =>
        parsed.GetValue(repository) is null ? null : ImageName.RepositoryIn(parsed, repository!);

    private static RegistryArguments Registry() => new("--registry", "-r");

    private static Option<string?> Repository() => ApiCommand.Optional("One repository; the registry as a whole when it is not given.", "--repository");
}

using System.CommandLine;
using Berth.Cli.Acr;
using Berth.Cli.Session;
using Berth.Oci;

namespace Berth.Cli.Workloads;

/// <summary><c>workloads</c>: what runs, as it is reported to a registry, which deletes nothing of it.</summary>
internal static class WorkloadsCommand
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("workloads", "What runs: a registry deletes nothing that is reported to it.") { ReportCommand.Create(), List(), Show(), Delete() };

    /// <summary>The flags that name the registry.</summary>
    public static RegistryArguments Registry() => new("--registry", "-r");

    /// <summary>The flag that names the workload.</summary>
    public static Option<string> Name() => ApiCommand.Required("The workload's name: letters, digits, '.', '_' and '-'.", "--name", "-n");

    private static Command List()
    {
        var digest = ApiCommand.Optional("Only the workloads that use this digest, such as sha256:….", "--digest");
        return RegistryCommand.Create("list", "Lists the workloads that report to a registry.", Registry(), [digest], async (parsed, client, cancellationToken) =>
        {
            var of = parsed.GetValue(digest) is not { } text ? default
                : Digest.TryParse(text, out var named) ? named : throw new ArgumentException($"'{text}' is no digest; write sha256:….");
            return Json.Array(await client.ListWorkloadsAsync(of, cancellationToken).ToListAsync(cancellationToken));
        });
    }

    private static Command Show()
    {
        var name = Name();
        return RegistryCommand.Create("show", "Shows a workload with what it uses.", Registry(), [name], (parsed, client, cancellationToken) =>
            client.GetWorkloadAsync(parsed.GetValue(name)!, cancellationToken));
    }

    private static Command Delete()
    {
        var (name, yes) = (Name(), Confirmation.Option());
        return RegistryCommand.Create("delete", "Ends a workload's report: what it alone kept may be deleted then.", Registry(), [name, yes], async (parsed, client, cancellationToken) =>
        {
            var workload = parsed.GetValue(name)!;
            Confirmation.Require($"End the report of the workload '{workload}'? What it alone keeps may be deleted then.", parsed.GetValue(yes));
            await client.DeleteWorkloadAsync(workload, cancellationToken);
            return default;
        });
    }
}

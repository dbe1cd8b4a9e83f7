using System.CommandLine;
using Berth.Cli.Session;

namespace Berth.Cli.Nodes;

/// <summary><c>nodes</c>: the nodes that serve the installation.</summary>
internal static class NodesCommand
{
    private const string Path = "/berth/v1/nodes";
    private const string Version = "2023-07-01";

    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("nodes", "The nodes that serve the installation: who they are, which jobs each does, and what lags behind.")
    {
        Verb("list", "Lists the nodes: name, version, state, how far each clock is off, and the jobs that each does.", "nodes"),
        Verb("leases", "Lists the leases of jobs that one node does at a time, with who holds them and until when.", "leases"),
        Verb("lag", "Lists the readers of the ledger, with how many records each has yet to read.", "ledgerReaders"),
    };

    private static Command Verb(string name, string description, string part) => ApiCommand.Create(name, description, [], async (_, session, cancellationToken) =>
        (await session.ArmAsync(HttpMethod.Get, Path, Version, null, cancellationToken)).GetProperty(part));
}

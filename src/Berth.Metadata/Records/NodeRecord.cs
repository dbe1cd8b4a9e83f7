namespace Berth.Metadata;

/// <summary>What a node says of itself.</summary>
/// <param name="Id">The id of the process: a new one with each start.</param>
/// <param name="Name">The host's name.</param>
/// <param name="Version">The version of the program.</param>
/// <param name="IsDraining">Whether it takes no new work and is about to end.</param>
/// <param name="StartedAt">When it started, by its own clock.</param>
public sealed record NodeDescription(string Id, string Name, string Version, bool IsDraining, DateTimeOffset StartedAt)
{
    /// <summary>Understands upload sessions that were promised and have no row yet.</summary>
    public const int PromisedSessions = 1;

    /// <summary>What the node understands of what others leave to it: each level holds those before. Nodes of releases that had none are at 0.</summary>
    public int Level { get; init; }
}

/// <summary>A node as the others see it.</summary>
/// <param name="Node">What it says of itself.</param>
/// <param name="SeenAt">When it last said so, by the database's clock.</param>
/// <param name="ClockOffset">By how much its clock was ahead of the database's then.</param>
public sealed record NodeRecord(NodeDescription Node, DateTimeOffset SeenAt, TimeSpan ClockOffset)
{
    /// <summary>A node that has said nothing for so long is taken to be gone: three of its reports did not come.</summary>
    public static TimeSpan Silence { get; } = TimeSpan.FromSeconds(30);
}

/// <summary>What was asked of a node lately.</summary>
/// <param name="Id">The node's id.</param>
/// <param name="Demand">What it said, in the words of who shares limits out; null where it has said nothing lately.</param>
public sealed record NodeDemand(string Id, string? Demand);

/// <summary>Nodes at one time.</summary>
/// <param name="Nodes">The nodes.</param>
/// <param name="Now">The database's time.</param>
public sealed record NodeList(IReadOnlyList<NodeRecord> Nodes, DateTimeOffset Now);

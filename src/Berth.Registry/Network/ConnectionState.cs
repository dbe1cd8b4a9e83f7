namespace Berth.Registry.Network;

/// <summary>What a registry makes of a private endpoint's connection to it.</summary>
/// <param name="Status">Whether callers who come by it are let in.</param>
/// <param name="Description">Why, in the words of who decided it; null for none.</param>
internal sealed record ConnectionState(ConnectionStatus Status, string? Description = null)
{
    /// <summary>How long a description may be, in characters.</summary>
    public const int MaxDescription = 512;

    /// <summary>That of a connection about which nobody decided anything: who set up the listener is the owner of the installation.</summary>
    public static ConnectionState Approved { get; } = new(ConnectionStatus.Approved);
}

/// <summary>Whether callers who come by a private endpoint's connection are let in: those of one that is approved, and no others.</summary>
internal enum ConnectionStatus
{
    /// <summary>They are.</summary>
    Approved,

    /// <summary>It waits for somebody to approve it.</summary>
    Pending,

    /// <summary>Somebody decided that they are not.</summary>
    Rejected,

    /// <summary>It was deleted, though the server listens there still.</summary>
    Disconnected,
}

namespace Berth.Metadata;

/// <summary>A lease that the caller took.</summary>
/// <param name="Name">The lease's name.</param>
/// <param name="Holder">Who took it.</param>
/// <param name="Fence">The number of this holding; the next holder has a greater one.</param>
public sealed record Lease(string Name, string Holder, long Fence);

/// <summary>A lease that somebody holds.</summary>
/// <param name="Lease">The lease.</param>
/// <param name="ExpiresAt">When it ends, by the database's clock.</param>
public sealed record LeaseRecord(Lease Lease, DateTimeOffset ExpiresAt);

namespace Berth.Metadata;

/// <summary>Who asks for a mutation, as the ledger records it.</summary>
/// <param name="PrincipalId">The principal's row, or 0 for the registry itself.</param>
/// <param name="Name">The principal's name.</param>
/// <param name="Address">The client's address, or null for work of the registry itself.</param>
/// <param name="RequestId">The request's id, or null for work of the registry itself.</param>
public sealed record Caller(long PrincipalId, string Name, string? Address, string? RequestId)
{
    /// <summary>The registry itself: garbage collection, expiry, maintenance.</summary>
    public static readonly Caller System = new(0, "system", null, null);
}

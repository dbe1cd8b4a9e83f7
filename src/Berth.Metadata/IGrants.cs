namespace Berth.Metadata;

/// <summary>
/// What the authority remembers between two requests of a sign-in, and which assertions were used. It is working state that ends by itself, no mutation
/// of the installation: none of it is in the ledger.
/// </summary>
public interface IGrants
{
    /// <summary>Adds a grant; false when its code or its alias is known already.</summary>
    Task<bool> AddGrantAsync(GrantRecord grant, CancellationToken cancellationToken);

    /// <summary>A grant of a kind by its code's hash; null when it is absent or has expired.</summary>
    ValueTask<GrantRecord?> FindGrantAsync(string kind, ReadOnlyMemory<byte> hash, CancellationToken cancellationToken);

    /// <summary>A grant of a kind by its alias' hash; null when it is absent or has expired.</summary>
    ValueTask<GrantRecord?> FindGrantByAliasAsync(string kind, ReadOnlyMemory<byte> alias, CancellationToken cancellationToken);

    /// <summary>
    /// Sets state, payload and expiry of a grant that has this version still and has not expired; its version grows by one. False when it was changed
    /// or taken meanwhile.
    /// </summary>
    Task<bool> ReplaceGrantAsync(GrantRecord grant, CancellationToken cancellationToken);

    /// <summary>Removes a grant and returns it: of all who ask for it, one gets it. Null when it is absent or has expired.</summary>
    Task<GrantRecord?> TakeGrantAsync(string kind, ReadOnlyMemory<byte> hash, CancellationToken cancellationToken);
}

/// <summary>A grant in the making, or one that can be renewed.</summary>
/// <param name="Kind">What it is: a device's, an authorization code, a family of refresh tokens.</param>
/// <param name="Hash">The SHA-256 of the code that only its client has.</param>
/// <param name="Alias">The SHA-256 of a second code that leads to it, or null.</param>
/// <param name="State">How far it is, in the authority's own words.</param>
/// <param name="Payload">What it is about, a JSON object.</param>
/// <param name="Version">How often it was replaced.</param>
/// <param name="ExpiresAt">When it ends.</param>
public sealed record GrantRecord(string Kind, byte[] Hash, byte[]? Alias, string State, string Payload, long Version, DateTimeOffset ExpiresAt);

namespace Berth.Metadata;

/// <summary>The keys that tokens are signed with, shared by all nodes.</summary>
public interface ISigningKeys
{
    /// <summary>The issuer of the key that signs nothing, but protects secrets that are shown again; a restore keeps it.</summary>
    const string Protection = "protection";

    /// <summary>The issuer's keys, in the order in which they come to sign.</summary>
    ValueTask<IReadOnlyList<SigningKeyRecord>> ListSigningKeysAsync(string issuer, CancellationToken cancellationToken);

    /// <summary>Adds a key, and removes the issuer's that were made before the given time, except the newest of them.</summary>
    Task AddSigningKeyAsync(SigningKeyRecord key, DateTimeOffset keepSince, CancellationToken cancellationToken);
}

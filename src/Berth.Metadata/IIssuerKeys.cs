namespace Berth.Metadata;

/// <summary>The keys of outside issuers that an operator brought, for issuers that cannot be asked for their own.</summary>
public interface IIssuerKeys
{
    /// <summary>The most issuers.</summary>
    const int MostIssuers = 200;

    /// <summary>The keys that were brought for an issuer, or null. One indexed read.</summary>
    ValueTask<IssuerKeysRecord?> FindIssuerKeysAsync(string issuer, CancellationToken cancellationToken);

    /// <summary>All issuers whose keys were brought, by name.</summary>
    ValueTask<IReadOnlyList<IssuerKeysRecord>> ListIssuerKeysAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Stores an issuer's keys in the place of those before; raises the epoch of every principal that trusts the issuer.
    /// <see cref="CreateOutcome.TooMany"/> when there are <see cref="MostIssuers"/>.
    /// </summary>
    Task<CreateResult<IssuerKeysRecord>> PutIssuerKeysAsync(string issuer, string keys, Caller caller, CancellationToken cancellationToken);

    /// <summary>Forgets an issuer's keys, with the same effect on epochs; false when there are none.</summary>
    Task<bool> DeleteIssuerKeysAsync(string issuer, Caller caller, CancellationToken cancellationToken);
}

/// <summary>The keys that an operator brought for an outside issuer.</summary>
/// <param name="Issuer">The issuer, exactly as its tokens name it.</param>
/// <param name="Keys">A JWK set of public keys.</param>
/// <param name="Authorship">Who brought and changed them, and when.</param>
public sealed record IssuerKeysRecord(string Issuer, string Keys, Authorship Authorship);

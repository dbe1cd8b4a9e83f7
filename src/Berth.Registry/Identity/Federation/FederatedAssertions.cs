using System.Collections.Concurrent;
using Berth.Metadata;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity.Federation;

/// <summary>
/// Says whether a JWT of another issuer proves that its bearer is a principal: by the principal's federated credentials, and by the keys that the issuer
/// publishes. An issuer that none of them names is never asked.
/// </summary>
internal sealed partial class FederatedAssertions(
    ICredentials credentials, IssuerKeys issuers, FederationMetrics metrics, TimeProvider time, ILogger<FederatedAssertions> logger)
{
    // For issuers' clocks that are ahead of this one; none for the end, which is nobody's to extend.
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LogPause = TimeSpan.FromMinutes(1);
    private const int MostLogged = 1000;

    private readonly ConcurrentDictionary<(long PrincipalId, Refusal Refusal), long> _logged = new();

    /// <summary>By which federated credential and until when the assertion proves it; null when it does not.</summary>
    public async ValueTask<AcceptedAssertion?> VerifyAsync(PrincipalRecord principal, string assertion, CancellationToken cancellationToken)
    {
        var parsed = Assertion.TryParse(assertion);
        var (refusal, name) = parsed is null ? (Refusal.Malformed, "") : await CheckAsync(principal, parsed, cancellationToken);
        if (refusal == Refusal.None)
        {
            metrics.Accepted();
            return new AcceptedAssertion(parsed!.ExpiresAt!.Value, CredentialSort.Federated, name);
        }

        metrics.Refused();
        if (MayLog((principal.Id, refusal)))
        {
            LogRefused(
                principal.ClientId ?? principal.Name, refusal, Printable.Of(parsed?.Issuer), Printable.Of(parsed?.Subject),
                Printable.Of(parsed is null ? null : string.Join(' ', parsed.Audiences)));
        }

        return null;
    }

    private async ValueTask<(Refusal Refusal, string Name)> CheckAsync(PrincipalRecord principal, Assertion assertion, CancellationToken cancellationToken)
    {
        if (AssertionAlgorithm.Find(assertion.Algorithm) is not { } algorithm) return (Refusal.Algorithm, "");

        // All that costs nothing comes before the issuer is asked.
        var known = await credentials.ListFederatedCredentialsAsync(principal.Id, cancellationToken);
        var (refusal, name) = FindCredential(known, assertion);
        if (refusal == Refusal.None) refusal = RefusalByTimes(assertion);
        return (refusal == Refusal.None ? await RefusalByKeysAsync(assertion, algorithm, cancellationToken) : refusal, name);
    }

    private async ValueTask<Refusal> RefusalByKeysAsync(Assertion assertion, AssertionAlgorithm algorithm, CancellationToken cancellationToken)
    {
        var issuer = assertion.Issuer!;
        if (await issuers.GetAsync(issuer, cancellationToken) is not { } keys) return Refusal.NoKeys;

        // The issuer may sign with a new key since.
        var key = keys.Find(assertion.KeyId, algorithm) ?? (await issuers.GetLatestAsync(issuer, cancellationToken))?.Find(assertion.KeyId, algorithm);
        if (key is null) return Refusal.UnknownKey;
        return key.Verifies(algorithm, assertion.Signed, assertion.Signature) ? Refusal.None : Refusal.Signature;
    }

    private static (Refusal Refusal, string Name) FindCredential(IReadOnlyList<FederatedCredentialRecord> known, Assertion assertion)
    {
        var ofIssuer = known.Where(credential => string.Equals(credential.Issuer, assertion.Issuer, StringComparison.Ordinal)).ToArray();
        if (ofIssuer.Length == 0) return (Refusal.Issuer, "");
        var ofSubject = ofIssuer.Where(credential => string.Equals(credential.Subject, assertion.Subject, StringComparison.Ordinal)).ToArray();
        if (ofSubject.Length == 0) return (Refusal.Subject, "");
        var match = Array.Find(ofSubject, credential => credential.Audiences.Intersect(assertion.Audiences, StringComparer.Ordinal).Any());
        return match is null ? (Refusal.Audience, "") : (Refusal.None, match.Name);
    }

    private Refusal RefusalByTimes(Assertion assertion)
    {
        var now = time.GetUtcNow();
        if (assertion.ExpiresAt is not { } end) return Refusal.NoExpiry;
        if (end <= now) return Refusal.Expired;
        return assertion.NotBefore - Skew > now || assertion.IssuedAt - Skew > now ? Refusal.NotYetValid : Refusal.None;
    }

    // A flood of wrong assertions must not become one of lines.
    private bool MayLog((long PrincipalId, Refusal Refusal) key)
    {
        if (_logged.TryGetValue(key, out var at) && time.GetElapsedTime(at) < LogPause) return false;
        if (_logged.Count >= MostLogged) _logged.Clear();
        _logged[key] = time.GetTimestamp();
        return true;
    }
}

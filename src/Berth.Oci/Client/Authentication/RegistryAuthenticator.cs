using System.Net.Http.Headers;

namespace Berth.Oci.Client.Authentication;

/// <summary>
/// Answers a registry's challenges: Basic at once, Bearer with a token of the authority that the challenge names (Docker token
/// authentication). Once a registry has challenged, later requests bring their answer along.
/// </summary>
internal sealed class RegistryAuthenticator(HttpClient http, Uri registry, RegistryClientOptions options)
{
    private readonly TokenCache _tokens = new(options.Time);
    private readonly TokenRequests _requests = new(http, registry, options);
    private Challenge? _known;

    /// <summary>What to send along with a request that has not been challenged; null for nothing.</summary>
    public async ValueTask<AuthenticationHeaderValue?> PrepareAsync(IReadOnlyList<string> scopes, CancellationToken cancellationToken)
    {
        if (options.Credential?.RegistryToken is { } token) return Bearer(token);
        return Volatile.Read(ref _known) is { } known ? await AnswerAsync(known, scopes, cancellationToken) : null;
    }

    /// <summary>What to send instead after a 401; null when there is nothing else to try.</summary>
    public async ValueTask<AuthenticationHeaderValue?> AnswerAsync(
        HttpResponseMessage unauthorized, AuthenticationHeaderValue? refused, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
    {
        if (options.Credential?.RegistryToken is not null) return null;
        var header = string.Join(", ", unauthorized.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var values) ? values : []);
        var challenges = Challenge.Parse(header);
        var challenge = challenges.FirstOrDefault(c => c.IsBearer && c["realm"] is not null) ?? challenges.FirstOrDefault(c => c.IsBasic);
        if (challenge is null) return null;
        Volatile.Write(ref _known, challenge);

        // The registry may want more, or name it otherwise, than this client knows.
        var wanted = scopes.Union(challenge["scope"]?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [], StringComparer.Ordinal).ToArray();
        if (refused?.Scheme == "Bearer") _tokens.Remove(Key(challenge, wanted), refused.Parameter!);
        var answer = await AnswerAsync(challenge, wanted, cancellationToken);
        return answer is null || answer.Equals(refused) ? null : answer;
    }

    private async ValueTask<AuthenticationHeaderValue?> AnswerAsync(Challenge challenge, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
    {
        if (challenge.IsBasic) return options.Credential?.UserName is null ? null : new AuthenticationHeaderValue("Basic", options.Credential.ToBasic());

        var key = Key(challenge, scopes);
        if (_tokens.Find(key) is { } cached) return Bearer(cached);
        var (token, lifetime) = await _requests.FetchAsync(challenge, scopes, cancellationToken);
        _tokens.Add(key, token, lifetime);
        return Bearer(token);
    }

    private static string Key(Challenge challenge, IReadOnlyList<string> scopes) =>
        string.Join('\n', scopes.Prepend(challenge["service"] ?? "").Prepend(challenge["realm"] ?? ""));

    private static AuthenticationHeaderValue Bearer(string token) => new("Bearer", token);
}

using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Berth.Testing;

/// <summary>
/// One user's access tokens for a registry, got as container tools get them: the challenge of <c>/v2/</c> names the token service, which is asked with
/// the password, for the scopes of one request. A token is used again for a while, and a rejected one is never replaced in silence.
/// </summary>
internal sealed partial class RegistryTokens(Uri address, string passwordHeader, TimeProvider time)
{
    private const int MostKept = 2_000;

    private static readonly TimeSpan LongestKept = TimeSpan.FromMinutes(5);

    // Each request has a connection of its own: a test that counts or breaks connections finds none of these.
    private static readonly HttpClient Http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false })
    {
        Timeout = TimeSpan.FromMinutes(2),
        DefaultRequestHeaders = { ConnectionClose = true },
    };

    private readonly ConcurrentDictionary<string, Kept> _kept = new(StringComparer.Ordinal);
    private volatile Service? _service;

    /// <summary>A token for these scopes.</summary>
    /// <exception cref="ExpectationException">The registry names no token service, or its token service gives none.</exception>
    public async Task<string> GetAsync(IReadOnlyList<string> scopes)
    {
        var key = string.Join(' ', scopes);
        var now = time.GetUtcNow();
        if (_kept.TryGetValue(key, out var kept) && now < kept.Until) return kept.Token;

        var service = _service ??= await FindServiceAsync();
        var target = new Uri($"{service.Realm}?service={Uri.EscapeDataString(service.Name)}{string.Concat(scopes.Select(s => $"&scope={Uri.EscapeDataString(s)}"))}");
        using var request = new HttpRequestMessage(HttpMethod.Get, target);
        request.Headers.TryAddWithoutValidation("Authorization", passwordHeader);
        using var answer = await Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        if (answer.StatusCode != HttpStatusCode.OK) throw Failure(answer, $"GET {target}\n  -> {(int)answer.StatusCode} {text}");

        var json = JsonSerializer.Deserialize<JsonElement>(text);
        var token = json.GetProperty("access_token").GetString()!;
        var life = TimeSpan.FromSeconds(json.GetProperty("expires_in").GetInt64()) / 2;
        if (_kept.Count >= MostKept) _kept.Clear();
        _kept[key] = new Kept(token, now + (life < LongestKept ? life : LongestKept));
        return token;
    }

    private async Task<Service> FindServiceAsync()
    {
        using var answer = await Http.GetAsync(new Uri(address, "/v2/"));
        var challenge = string.Join(", ", answer.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var values) ? values : []);
        return Challenge().Match(challenge) is { Success: true } match && answer.StatusCode == HttpStatusCode.Unauthorized
            ? new Service(match.Groups[1].Value, match.Groups[2].Value)
            : throw Failure(
                answer, $"GET {address}v2/ without a credential names no token service: {(int)answer.StatusCode} '{challenge}'. BERTH_TEST_ACCESS=basic calls with the password.");
    }

    private static ExpectationException Failure(HttpResponseMessage answer, string message) =>
        answer.StatusCode == HttpStatusCode.ServiceUnavailable ? new UnavailableException(message, answer.Headers.RetryAfter is not null) : new ExpectationException(message);

    [GeneratedRegex("^Bearer realm=\"([^\"]+)\",service=\"([^\"]+)\"")]
    private static partial Regex Challenge();

    private sealed record Service(string Realm, string Name);

    private sealed record Kept(string Token, DateTimeOffset Until);
}

using System.Net.Http.Headers;
using Berth.Oci.Client.Transport;
using Berth.Oci.Client.Wire;

namespace Berth.Oci.Client.Authentication;

/// <summary>
/// Asks the authority of a Bearer challenge for an access token: by GET, with the password if there is one (Docker token authentication), or by
/// POST with a refresh token (RFC 6749, section 6). Redirects are not followed.
/// </summary>
internal sealed class TokenRequests(HttpClient http, Uri registry, RegistryClientOptions options)
{
    // What the token specification says of an answer without expires_in.
    private static readonly TimeSpan DefaultLifetime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestLifetime = TimeSpan.FromDays(1);

    public async Task<(string Token, TimeSpan Lifetime)> FetchAsync(Challenge challenge, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
    {
        var realm = Realm(challenge);
        var parameters = new List<KeyValuePair<string, string>>();
        if (challenge["service"] is { } service) parameters.Add(new("service", service));
        using var response = await options.Waits.SendAsync(() => LimitAsync(realm, token => SendAsync(realm, parameters, scopes, token), cancellationToken), cancellationToken);
        return await LimitAsync(realm, token => ReadAsync(response, realm, token), cancellationToken);
    }

    private async Task<HttpResponseMessage> SendAsync(
        Uri realm, IReadOnlyList<KeyValuePair<string, string>> parameters, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
    {
        using var request = options.Credential?.RefreshToken is { } refreshToken
            ? ByRefreshToken(realm, [.. parameters], scopes, refreshToken)
            : ByPassword(realm, [.. parameters], scopes);
        request.Headers.UserAgent.TryParseAdd(options.UserAgent);
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    private async Task<(string Token, TimeSpan Lifetime)> ReadAsync(HttpResponseMessage response, Uri realm, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode) throw await RegistryErrors.ReadAsync(response, options.Time, cancellationToken);
        return Read(realm, await BoundedBody.ReadJsonAsync(response, WireContext.Default.TokenBody, BoundedBody.Small, cancellationToken));
    }

    private Task<T> LimitAsync<T>(Uri realm, Func<CancellationToken, Task<T>> action, CancellationToken cancellationToken) =>
        TimeLimit.RunAsync(options.ResponseLimit, options.Time, realm.Authority, action, cancellationToken);

    private static (string Token, TimeSpan Lifetime) Read(Uri realm, TokenBody body)
    {
        var token = string.IsNullOrEmpty(body.Token) ? body.AccessToken : body.Token;
        if (string.IsNullOrEmpty(token) || token.AsSpan().ContainsAnyExceptInRange('!', '~'))
            throw new OciException(OciErrorCode.Unauthorized, $"The authority {realm.Authority} answered without a usable token.");

        var seconds = body.ExpiresIn is > 0 and { } given ? Math.Min(given, LongestLifetime.TotalSeconds) : DefaultLifetime.TotalSeconds;
        return (token, TimeSpan.FromSeconds(seconds));
    }

    private HttpRequestMessage ByPassword(Uri realm, List<KeyValuePair<string, string>> parameters, IReadOnlyList<string> scopes)
    {
        parameters.AddRange(scopes.Select(scope => new KeyValuePair<string, string>("scope", scope)));
        var credential = options.Credential?.UserName is null ? null : options.Credential;
        if (credential is not null) parameters.Add(new("account", credential.UserName!));

        var query = string.Join('&', parameters.Select(p => $"{p.Key}={Uri.EscapeDataString(p.Value)}"));
        var address = new UriBuilder(realm) { Fragment = "" };
        address.Query = address.Query.Length > 1 ? $"{address.Query[1..]}&{query}" : query;
        var request = new HttpRequestMessage(HttpMethod.Get, address.Uri);
        if (credential is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Basic", credential.ToBasic());
        return request;
    }

    private HttpRequestMessage ByRefreshToken(
        Uri realm, List<KeyValuePair<string, string>> parameters, IReadOnlyList<string> scopes, string refreshToken)
    {
        parameters.Add(new("scope", string.Join(' ', scopes)));
        parameters.Add(new("grant_type", "refresh_token"));
        parameters.Add(new("client_id", options.UserAgent));
        parameters.Add(new("refresh_token", refreshToken));
        return new HttpRequestMessage(HttpMethod.Post, realm) { Content = new FormUrlEncodedContent(parameters) };
    }

    /// <summary>The challenge's realm, if it may be asked at all: a registry must not send clients, with their credential, just anywhere.</summary>
    private Uri Realm(Challenge challenge)
    {
        var text = challenge["realm"];
        if (!Uri.TryCreate(text, UriKind.Absolute, out var realm) || (realm.Scheme != Uri.UriSchemeHttps && realm.Scheme != Uri.UriSchemeHttp)
            || realm.UserInfo.Length > 0)
        {
            throw new OciException(OciErrorCode.Unauthorized, $"{registry.Authority} names '{text}' as its authority, which is no address of one.");
        }

        if (registry.Scheme == Uri.UriSchemeHttps && realm.Scheme != Uri.UriSchemeHttps)
            throw new OciException(OciErrorCode.Unauthorized, $"{registry.Authority} names {realm.Authority} without TLS as its authority; it is not asked.");

        var secret = options.Credential is not null;
        if (!secret || IsNear(realm.Host) || options.AuthorityHosts.Contains(realm.Host, StringComparer.OrdinalIgnoreCase)) return realm;
        throw new OciException(
            OciErrorCode.Unauthorized,
            $"{registry.Authority} sends clients to {realm.Host} for tokens; allow that host as an authority to send it the credential.");
    }

    /// <summary>Whether a host is the registry's own, or stands with it in one domain of at least two labels, as registry and log-in do.</summary>
    private bool IsNear(string host)
    {
        if (host.Equals(registry.Host, StringComparison.OrdinalIgnoreCase)) return true;
        if (Uri.CheckHostName(registry.Host) != UriHostNameType.Dns) return false;
        var dot = registry.Host.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0) return false;
        var domain = registry.Host[dot..];
        return domain.IndexOf('.', 1) > 0 && host.EndsWith(domain, StringComparison.OrdinalIgnoreCase);
    }
}

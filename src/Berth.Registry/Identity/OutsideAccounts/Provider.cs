using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Berth.Registry.Identity.Federation;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity.OutsideAccounts;

/// <summary>The outside provider as this installation, a client of it, asks it (OpenID Connect Core 1.0, 3.1 and 12).</summary>
internal sealed partial class Provider(ProviderHttp http, IdentityOptions options, TimeProvider time, ILogger<Provider> logger)
{
    private const string WellKnown = "/.well-known/openid-configuration";
    private const int MaxShown = 300;

    private static readonly TimeSpan Refresh = TimeSpan.FromHours(1);

    private Known? _known;

    private OutsideProviderOptions Options => options.Provider;

    /// <summary>What it says of itself, at most an hour ago.</summary>
    /// <exception cref="ProviderException">It cannot be asked.</exception>
    public async Task<ProviderAddresses> AddressesAsync(CancellationToken cancellationToken)
    {
        if (_known is { } known && time.GetElapsedTime(known.At) < Refresh) return known.Addresses;

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Options.Issuer!.TrimEnd('/') + WellKnown));
        var (status, document) = await AskAsync(request, cancellationToken);
        if (status != HttpStatusCode.OK) throw Down($"{WellKnown} answered {(int)status}");
        try
        {
            var read = ProviderAddresses.Read(document, Options.Issuer!);
            _known = new Known(read, time.GetTimestamp());
            return read;
        }
        catch (FormatException e)
        {
            throw Down(e.Message);
        }
    }

    /// <summary>What it gives for a code that it sent by way of the browser.</summary>
    /// <exception cref="ProviderException">Nothing.</exception>
    public Task<ProviderTokens> RedeemAsync(string code, string redirectUri, string verifier, CancellationToken cancellationToken) => AskForTokensAsync(
        [new("grant_type", "authorization_code"), new("code", code), new("redirect_uri", redirectUri), new("code_verifier", verifier)], cancellationToken);

    /// <summary>What it gives for a refresh token of its own.</summary>
    /// <exception cref="ProviderException">Nothing.</exception>
    public Task<ProviderTokens> RenewAsync(string refreshToken, CancellationToken cancellationToken) =>
        AskForTokensAsync([new("grant_type", "refresh_token"), new("refresh_token", refreshToken)], cancellationToken);

    /// <summary>The claims that it gives for an access token; null when it has no address for that.</summary>
    /// <exception cref="ProviderException">It does not give them.</exception>
    public async Task<JsonElement?> UserInfoAsync(string accessToken, CancellationToken cancellationToken)
    {
        if ((await AddressesAsync(cancellationToken)).UserInfo is not { } address) return null;
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", accessToken);
        var (status, claims) = await AskAsync(request, cancellationToken);
        return status == HttpStatusCode.OK ? claims : throw Down($"{address.AbsolutePath} answered {(int)status}");
    }

    private async Task<ProviderTokens> AskForTokensAsync(List<KeyValuePair<string, string>> fields, CancellationToken cancellationToken)
    {
        var addresses = await AddressesAsync(cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Post, addresses.Token);
        if (Options.ClientSecret is { } secret && addresses.TakesBasic)
        {
            // Both are form-encoded before they are joined (RFC 6749, 2.3.1).
            var joined = $"{Uri.EscapeDataString(Options.ClientId!)}:{Uri.EscapeDataString(secret)}";
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(joined)));
        }
        else
        {
            fields.Add(new("client_id", Options.ClientId!));
            if (Options.ClientSecret is not null) fields.Add(new("client_secret", Options.ClientSecret));
        }

        request.Content = new FormUrlEncodedContent(fields);
        var (status, body) = await AskAsync(request, cancellationToken);
        return status == HttpStatusCode.OK ? ProviderTokens.Read(body) : throw Refused(status, body);
    }

    // What it says of the grant is about the person; anything else is about this client or the request, which its operator can mend.
    private ProviderException Refused(HttpStatusCode status, JsonElement body)
    {
        var error = ProviderTokens.Text(body, "error");
        var shown = Printable.Of(error is null ? $"status {(int)status}" : $"{error}: {ProviderTokens.Text(body, "error_description")}", MaxShown);
        if (error is "invalid_grant" or "interaction_required" or "login_required" or "consent_required")
            return new ProviderException(ProviderFault.Gone, shown);
        LogClientRefused(Options.Issuer!, shown);
        return ProviderHttp.Unavailable(shown);
    }

    private async Task<(HttpStatusCode Status, JsonElement Body)> AskAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await http.SendAsync(request, cancellationToken);
        }
        catch (ProviderException e) when (e.Fault == ProviderFault.Unavailable)
        {
            throw Down(e.Message);
        }
    }

    private ProviderException Down(string reason)
    {
        LogUnavailable(Options.Issuer!, Printable.Of(reason, MaxShown));
        return ProviderHttp.Unavailable(reason);
    }

    // One reference: requests that read and write it at the same time see all of it or nothing.
    private sealed record Known(ProviderAddresses Addresses, long At);
}

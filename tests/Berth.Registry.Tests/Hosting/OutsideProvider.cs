using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Berth.Registry.Tests.Hosting;

/// <summary>
/// An OpenID Connect provider over real HTTPS: discovery, keys, a sign-in page that says yes at once, codes with PKCE, and refresh tokens that are good once.
/// </summary>
internal sealed class OutsideProvider : IAsyncDisposable
{
    public const string ClientId = "berth";
    public const string Secret = "a secret of the client: with / and +";

    private readonly TokenIssuer _issuer;
    private readonly ConcurrentDictionary<string, (string Nonce, string Challenge, string Return)> _codes = new();
    private readonly ConcurrentDictionary<string, bool> _refreshTokens = new();
    private readonly TimeProvider _time;

    private OutsideProvider(TokenIssuer issuer, TimeProvider time)
    {
        _issuer = issuer;
        _time = time;
        issuer.Configuration["authorization_endpoint"] = $"{Name}/authorize?from=berth";
        issuer.Configuration["token_endpoint"] = $"{Name}/token";
        issuer.Configuration["userinfo_endpoint"] = $"{Name}/userinfo";
        issuer.Server.Answers["/token"] = AnswerTokenAsync;
        issuer.Server.Answers["/userinfo"] = context => context.Response.WriteAsync(UserInfo!.ToJsonString());
    }

    public TokenIssuer Issuer => _issuer;

    public string Name => _issuer.Name;

    /// <summary>What its tokens say of the person beside what every token says.</summary>
    public JsonObject Claims { get; } = new() { ["sub"] = "subject-1", ["preferred_username"] = "Ann@example.test", ["name"] = "Ann", ["email"] = "ann@example.test" };

    /// <summary>What makes an id token of its claims; its own signature if the test sets none.</summary>
    public Func<JsonObject, string>? Sign { get; set; }

    /// <summary>What it answers at its token endpoint instead, if anything.</summary>
    public RequestDelegate? Instead { get; set; }

    /// <summary>What userinfo says.</summary>
    public JsonObject? UserInfo { get; set; }

    public bool GivesRefreshTokens { get; set; } = true;

    public bool GivesIdTokensAtRefresh { get; set; } = true;

    public int Renewals { get; private set; }

    /// <summary>The refresh token that it gave last.</summary>
    public string? LastRefreshToken { get; private set; }

    public static async Task<OutsideProvider> StartAsync(TimeProvider? time = null) => new(await TokenIssuer.StartAsync(), time ?? TimeProvider.System);

    /// <summary>What its sign-in page sends a browser back with that it was sent this address.</summary>
    public string Consent(string authorization)
    {
        var query = QueryHelpers.ParseQuery(new Uri(authorization).Query);
        Assert.StartsWith($"{Name}/authorize?from=berth&", authorization, StringComparison.Ordinal);
        Assert.Equal((ClientId, "code", "S256"), (query["client_id"].ToString(), query["response_type"].ToString(), query["code_challenge_method"].ToString()));
        Assert.Contains("openid", query["scope"].ToString(), StringComparison.Ordinal);
        var code = Guid.NewGuid().ToString();
        _codes[code] = (query["nonce"]!, query["code_challenge"]!, query["redirect_uri"]!);
        return QueryHelpers.AddQueryString(query["redirect_uri"]!, new Dictionary<string, string?> { ["code"] = code, ["state"] = query["state"] });
    }

    /// <summary>An id token of this provider that is good, but for what the test changes.</summary>
    public string Token(object? header = null, object? claims = null, Func<byte[], byte[]>? sign = null) => _issuer.Token(_time.GetUtcNow(), header, claims, sign);

    public ValueTask DisposeAsync() => _issuer.DisposeAsync();

    public static Task RefuseAsync(HttpContext context, string error, int status = 400)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync(new JsonObject { ["error"] = error, ["error_description"] = "no" }.ToJsonString());
    }

    private async Task AnswerTokenAsync(HttpContext context)
    {
        if (Instead is not null)
        {
            await Instead(context);
            return;
        }

        var expected = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{ClientId}:{Uri.EscapeDataString(Secret)}"));
        if (!AuthenticationHeaderValue.TryParse(context.Request.Headers.Authorization, out var header) || header.Parameter != expected)
        {
            await RefuseAsync(context, "invalid_client", 401);
            return;
        }

        var form = await context.Request.ReadFormAsync();
        string? nonce = null;
        if (form["grant_type"] == "authorization_code")
        {
            if (!_codes.TryRemove(form["code"].ToString(), out var code) || code.Return != form["redirect_uri"]
                || code.Challenge != System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))))
            {
                await RefuseAsync(context, "invalid_grant");
                return;
            }

            nonce = code.Nonce;
        }
        else if (!_refreshTokens.TryRemove(form["refresh_token"].ToString(), out _))
        {
            await RefuseAsync(context, "invalid_grant");
            return;
        }
        else
        {
            Renewals++;
        }

        var answer = new JsonObject { ["token_type"] = "Bearer", ["access_token"] = "opaque" };
        if (nonce is not null || GivesIdTokensAtRefresh) answer["id_token"] = MakeToken(nonce);
        if (GivesRefreshTokens)
        {
            LastRefreshToken = Guid.NewGuid().ToString();
            _refreshTokens[LastRefreshToken] = true;
            answer["refresh_token"] = LastRefreshToken;
        }

        await context.Response.WriteAsync(answer.ToJsonString());
    }

    private string MakeToken(string? nonce)
    {
        var claims = Claims.DeepClone().AsObject();
        claims["aud"] = ClientId;
        if (nonce is not null) claims["nonce"] = nonce;
        return Sign?.Invoke(claims) ?? Token(claims: claims);
    }
}

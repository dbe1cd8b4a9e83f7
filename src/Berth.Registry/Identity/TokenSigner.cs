using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Berth.Registry.Identity;

/// <summary>One issuer's JWTs (RFC 7519): signs them with RS256 and its present key, and says which of those that come back are its own and good now.</summary>
internal sealed class TokenSigner(SigningKeys keys, TimeProvider time) : IDisposable
{
    /// <summary>How far the beginning of a token may lie ahead: nodes know the database's time alike, but not to the millisecond, and one of them may wait for it.</summary>
    public static readonly TimeSpan Lead = TimeSpan.FromMinutes(5);

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false, MaximumTokenSizeInBytes = 64 * 1024 };

    /// <summary>The keys.</summary>
    public SigningKeys Keys => keys;

    /// <summary>A token with the claims that the delegate writes.</summary>
    public async Task<string> SignAsync(Action<Utf8JsonWriter> writeClaims, CancellationToken cancellationToken)
    {
        var credentials = await keys.CurrentAsync(cancellationToken);
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            writeClaims(json);
            json.WriteEndObject();
        }

        return Handler.CreateToken(Encoding.UTF8.GetString(body.GetBuffer().AsSpan(0, (int)body.Length)), credentials);
    }

    /// <summary>The token, if this issuer signed it for one of the audiences and it is good now; null otherwise.</summary>
    public async Task<JsonWebToken?> ReadAsync(string text, string issuer, IReadOnlyList<string> audiences, CancellationToken cancellationToken)
    {
        if (text.AsSpan().Count('.') != 2 || !Handler.CanReadToken(text)) return null;

        JsonWebToken token;
        try
        {
            token = new JsonWebToken(text);
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException or FormatException or JsonException)
        {
            return null;
        }

        if (token.Kid is not { Length: > 0 } id || await keys.FindAsync(id, cancellationToken) is not { } key) return null;
        var result = await Handler.ValidateTokenAsync(token, Parameters(issuer, audiences, key));
        return result.IsValid ? token : null;
    }

    /// <inheritdoc/>
    public void Dispose() => keys.Dispose();

    private TokenValidationParameters Parameters(string issuer, IReadOnlyList<string> audiences, SecurityKey key) => new()
    {
        ValidAlgorithms = [SecurityAlgorithms.RsaSha256],
        ValidIssuer = issuer,
        ValidAudiences = audiences,
        IssuerSigningKey = key,
        TryAllIssuerSigningKeys = false,
        RequireSignedTokens = true,
        RequireExpirationTime = true,
        LifetimeValidator = (from, until, _, _) => from is { } start && until is { } end && IsGood(start, end),
    };

    private bool IsGood(DateTime from, DateTime until)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return from - now <= Lead && now < until;
    }
}

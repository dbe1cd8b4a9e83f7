using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity.OutsideAccounts;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Berth.Registry.Identity.Authority;

/// <summary>
/// The way out to the outside provider's sign-in page. What the sign-in is for stays here, under a random state that is good once within ten minutes, in the
/// browser that began it alone: what comes back decides nothing about where it leads.
/// </summary>
internal sealed class OutsideDoor(Provider provider, IGrants grants, PublicNames names, IdentityOptions options, TimeProvider time)
{
    /// <summary>The value of a page's button that leads out.</summary>
    public const string Decision = "outside";

    private const string Kind = "outside";
    private const string Cookie = "berth_outside";
    private const int CodeLength = 43;

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly AttemptLimit _starts = new(300, TimeSpan.FromMinutes(15), time);

    /// <summary>The address that the provider sends browsers back to.</summary>
    public string ReturnAddress => names.LoginEndpoint + AuthorityPath.OutsideReturnPath;

    /// <summary>Whether there is a provider.</summary>
    public bool IsOpen => options.Provider.IsOn;

    /// <summary>The button of a sign-in page; nothing without a provider.</summary>
    public string Button => IsOpen
        ? $"""<p><button class="quiet" name="decision" value="{Decision}" formnovalidate>Sign in with {SignInPage.Text(options.Provider.Name)}</button></p>"""
        : "";

    /// <summary>Sends the browser to the provider.</summary>
    /// <exception cref="AuthorityException">There is no provider, it cannot be asked, or the address began too many.</exception>
    public async Task LeaveAsync(HttpContext context, OutsidePayload of, string? hint)
    {
        if (!IsOpen) throw NoProvider();
        if (!_starts.TryTake(context.Connection.RemoteIpAddress))
            throw new AuthorityException("temporarily_unavailable", 0, "Too many sign-ins were begun from this address; try again later.", StatusCodes.Status429TooManyRequests);

        var (state, nonce, verifier) = (OpaqueCode.Create(), OpaqueCode.Create(), OpaqueCode.Create());
        var authorization = await FindAuthorizationAsync(context.RequestAborted);
        var payload = of with { Browser = HashOf(BrowserOf(context)), Nonce = nonce, Verifier = verifier };
        var grant = new GrantRecord(
            Kind, OpaqueCode.HashOf(Kind, state), null, "", JsonSerializer.Serialize(payload, GrantPayloads.Default.OutsidePayload), 0, time.GetUtcNow() + Lifetime);
        await grants.AddGrantAsync(grant, context.RequestAborted);
        var address = QueryHelpers.AddQueryString(authorization.AbsoluteUri, new Dictionary<string, string?>
        {
            ["response_type"] = "code",
            ["client_id"] = options.Provider.ClientId,
            ["redirect_uri"] = ReturnAddress,
            ["scope"] = options.Provider.Scopes,
            ["state"] = state,
            ["nonce"] = nonce,
            ["code_challenge"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))),
            ["code_challenge_method"] = "S256",
            ["login_hint"] = string.IsNullOrEmpty(hint) ? null : hint,
        });

        // No redirect: some browsers apply a form's policy to every address that it leads to, and a provider may send people on to any.
        context.Response.Headers["Refresh"] = $"0;url={address}";
        await SignInPage.WriteAsync(
            context, StatusCodes.Status200OK, "Sign in", $"""<p><a href="{SignInPage.Text(address)}">Go on to {SignInPage.Text(options.Provider.Name)}</a></p>""");
    }

    /// <summary>What a sign-in was for that comes back with its state; nobody gets it a second time.</summary>
    /// <exception cref="AuthorityException">Nothing is known of it, or it began in another browser.</exception>
    public async Task<OutsidePayload> TakeAsync(HttpContext context, string? state)
    {
        if (!IsOpen) throw NoProvider();
        if (state is not { Length: CodeLength }) throw Unknown();

        var hash = OpaqueCode.HashOf(Kind, state);
        if (await grants.FindGrantAsync(Kind, hash, context.RequestAborted) is not { } grant) throw Unknown();
        var payload = JsonSerializer.Deserialize(grant.Payload, GrantPayloads.Default.OutsidePayload)!;
        if (BrowserCookie.Read(context, Cookie) is not { } browser || !CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(HashOf(browser)), Encoding.ASCII.GetBytes(payload.Browser)))
            throw AuthorityException.Invalid($"This browser did not begin this sign-in, or not at {names.LoginEndpoint}; begin again there.");
        return await grants.TakeGrantAsync(Kind, hash, context.RequestAborted) is null ? throw Unknown() : payload;
    }

    private async Task<Uri> FindAuthorizationAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await provider.AddressesAsync(cancellationToken)).Authorization;
        }
        catch (ProviderException)
        {
            throw Unavailable(options);
        }
    }

    /// <summary>The provider cannot be asked now.</summary>
    public static AuthorityException Unavailable(IdentityOptions options) => new(
        "temporarily_unavailable", 0, $"The sign-in of {options.Provider.Name} cannot be asked at this moment; try again shortly.", StatusCodes.Status503ServiceUnavailable);

    // Lax: the browser comes back from another site. It is for nothing but this return.
    private static string BrowserOf(HttpContext context) =>
        BrowserCookie.Ensure(context, Cookie, new CookieOptions { SameSite = SameSiteMode.Lax, MaxAge = Lifetime });

    private static string HashOf(string cookie) => Convert.ToHexStringLower(OpaqueCode.HashOf(Cookie, cookie));

    private static AuthorityException Unknown() => AuthorityException.Invalid("This sign-in is unknown, was used, or took more than ten minutes; begin again.");

    private static AuthorityException NoProvider() => new("invalid_request", 0, "No outside provider is configured here (Identity:Provider:Issuer).", StatusCodes.Status404NotFound);
}

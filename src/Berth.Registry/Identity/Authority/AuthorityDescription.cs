using Berth.Registry.ApiReference;

namespace Berth.Registry.Identity.Authority;

/// <summary>What the API's document says of the authority's addresses. Each is there with Entra's path and with AD FS'.</summary>
internal static class AuthorityDescription
{
    private const string Form = "application/x-www-form-urlencoded";
    private const string Html = "text/html";

    private static readonly ApiParameter[] Authorization =
    [
        new("client_id", "The program that asks.", IsRequired: true), new("response_type", "code.", IsRequired: true),
        new("redirect_uri", "http://localhost or http://127.0.0.1 with any port and path.", IsRequired: true), new("scope", "What the token is for."), new("state", "Comes back as it is."),
        new("code_challenge", "The proof that the code will be redeemed with (RFC 7636).", IsRequired: true), new("code_challenge_method", "S256.", IsRequired: true),
        new("response_mode", "query or form_post."), new("nonce", "Stands in the id token."), new("login_hint", "Whose name the page begins with."),
    ];

    // Each has a path of each family; the first is what stands behind /{tenant}/, the second behind /adfs/.
    private static readonly (AuthorityRoute Route, string Entra, string Adfs)[] Paths =
    [
        (AuthorityRoute.Configuration, "v2.0/.well-known/openid-configuration", ".well-known/openid-configuration"),
        (AuthorityRoute.Keys, "discovery/v2.0/keys", "discovery/keys"),
        (AuthorityRoute.Token, "oauth2/v2.0/token", "oauth2/token"),
        (AuthorityRoute.DeviceCode, "oauth2/v2.0/devicecode", "oauth2/devicecode"),
        (AuthorityRoute.Authorize, "oauth2/v2.0/authorize", "oauth2/authorize"),
    ];

    /// <summary>The calls.</summary>
    public static IEnumerable<ApiCall> Calls =>
    [
        Of("authority.instance", "GET", "/common/discovery/instance", "Says which authorities there are: this one.") with { Answers = [new(200, new ApiContent("AuthorityInstance"))] },
        .. Paths.SelectMany(path => CallsAt(path.Route, $"/{{tenant}}/{path.Entra}", "authority")),
        .. Paths.SelectMany(path => CallsAt(path.Route, $"{AuthorityPath.Adfs}/{path.Adfs}", "authority.adfs")),
        Of("authority.device-page", "GET", AuthorityPath.Device, "The page where a person lets a device in.") with { Answers = [new(200, new ApiContent(null, Html))] },
        Of("authority.device-page.send", "POST", AuthorityPath.Device, "What the person says on that page.") with
        {
            Body = new ApiContent("PageForm", Form),
            Answers = [new(200, new ApiContent(null, Html)), new(302, null, "Location")],
        },
        Of("authority.outside-return", "GET", AuthorityPath.OutsideReturnPath, "Where the outside provider sends browsers back to.") with
        {
            Parameters = [new("code", "The provider's code."), new("state", "What was asked of it.")],
            Answers = [new(200, new ApiContent(null, Html)), new(302, null, "Location")],
        },
    ];

    private static IEnumerable<ApiCall> CallsAt(AuthorityRoute route, string path, string name) => route switch
    {
        AuthorityRoute.Configuration =>
            [Of($"{name}.configuration", "GET", path, "Names the authority's addresses (OpenID Connect Discovery).") with { Answers = [new(200, new ApiContent("AuthorityConfiguration"))] }],
        AuthorityRoute.Keys =>
            [Of($"{name}.keys", "GET", path, "The public keys of the authority's tokens (RFC 7517).") with { Answers = [new(200, new ApiContent("AuthorityKeys"))] }],
        AuthorityRoute.Token =>
        [
            Of($"{name}.token", "POST", path, "Gives tokens to who proves who it is (RFC 6749).") with
            {
                Body = new ApiContent("AuthorityTokenRequest", Form),
                Answers = [new(200, new ApiContent("AuthorityTokens"))],
            },
        ],
        AuthorityRoute.DeviceCode =>
        [
            Of($"{name}.device-code", "POST", path, "Begins the sign-in of a person at a device without a browser (RFC 8628).") with
            {
                Body = new ApiContent("DeviceCodeRequest", Form),
                Answers = [new(200, new ApiContent("DeviceCode"))],
            },
        ],
        _ =>
        [
            Of($"{name}.authorize", "GET", path, "The page where a person signs in for a program.") with { Parameters = Authorization, Answers = [new(200, new ApiContent(null, Html))] },
            Of($"{name}.authorize.send", "POST", path, "What the person enters on that page.") with
            {
                Parameters = Authorization,
                Body = new ApiContent("PageForm", Form),
                Answers = [new(200, new ApiContent(null, Html)), new(302, null, "Location")],
            },
        ],
    };

    private static ApiCall Of(string name, string method, string path, string summary) => new(name, method, path, ApiPart.Authority, summary);
}

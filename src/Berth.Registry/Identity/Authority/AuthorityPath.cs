namespace Berth.Registry.Identity.Authority;

/// <summary>What a path of the authority is for.</summary>
internal enum AuthorityRoute
{
    /// <summary>It is none of the authority's.</summary>
    None,

    /// <summary>The document that names the other addresses (OpenID Connect Discovery).</summary>
    Configuration,

    /// <summary>The public keys (RFC 7517).</summary>
    Keys,

    /// <summary>Which clouds there are: this one.</summary>
    Instance,

    /// <summary>The token endpoint (RFC 6749, 3.2).</summary>
    Token,

    /// <summary>The start of a device's sign-in (RFC 8628, 3.1).</summary>
    DeviceCode,

    /// <summary>The page where a person lets a device in.</summary>
    DevicePage,

    /// <summary>The page where a person signs in for a program (RFC 6749, 3.1).</summary>
    Authorize,

    /// <summary>Where the outside provider sends browsers back to.</summary>
    OutsideReturn,
}

/// <summary>Where in the authority a path leads. Its two families are AD FS' (<c>/adfs/…</c>), which the Azure CLI needs, and Entra's (<c>/{tenant}/…</c>).</summary>
/// <param name="Route">What it is for.</param>
/// <param name="Base">What stands before: <c>/adfs</c>, <c>/adfs/{tenant}</c> or <c>/{tenant}</c>.</param>
/// <param name="Tenant">The tenant it names, or null.</param>
internal readonly record struct AuthorityPath(AuthorityRoute Route, string Base, string? Tenant)
{
    /// <summary>The page where a person lets a device in.</summary>
    public const string Device = "/device";

    /// <summary>Where the outside provider sends browsers back to.</summary>
    public const string OutsideReturnPath = "/outside/callback";

    /// <summary>The base of AD FS' addresses.</summary>
    public const string Adfs = "/adfs";

    /// <summary>Whether it is of AD FS' family.</summary>
    public bool IsAdfs => Base.StartsWith(Adfs, StringComparison.Ordinal);

    /// <summary>Whether a person reads the answers.</summary>
    public bool IsPage => Route is AuthorityRoute.DevicePage or AuthorityRoute.Authorize or AuthorityRoute.OutsideReturn;

    /// <summary>Reads a path; false when it is none of the authority's.</summary>
    public static bool TryParse(string path, out AuthorityPath found)
    {
        found = path switch
        {
            Device => new(AuthorityRoute.DevicePage, "", null),
            OutsideReturnPath => new(AuthorityRoute.OutsideReturn, "", null),
            "/common/discovery/instance" => new(AuthorityRoute.Instance, "", null),
            _ => Parse(path),
        };
        return found.Route != AuthorityRoute.None;
    }

    private static AuthorityPath Parse(string path)
    {
        var isAdfs = path.StartsWith("/adfs/", StringComparison.Ordinal);
        var start = isAdfs ? "/adfs/".Length : 1;
        if (isAdfs && RouteOf(path.AsSpan(start)) is var route and not AuthorityRoute.None) return new(route, Adfs, null);

        var slash = path.Length > start ? path.IndexOf('/', start) : -1;
        return slash <= start ? default : new(RouteOf(path.AsSpan(slash + 1)), path[..slash], path[start..slash]);
    }

    private static AuthorityRoute RouteOf(ReadOnlySpan<char> rest) => rest switch
    {
        ".well-known/openid-configuration" or "v2.0/.well-known/openid-configuration" => AuthorityRoute.Configuration,
        "discovery/keys" or "discovery/v2.0/keys" => AuthorityRoute.Keys,
        "oauth2/token" or "oauth2/v2.0/token" => AuthorityRoute.Token,
        "oauth2/devicecode" or "oauth2/v2.0/devicecode" => AuthorityRoute.DeviceCode,
        "oauth2/authorize" or "oauth2/v2.0/authorize" => AuthorityRoute.Authorize,
        _ => AuthorityRoute.None,
    };
}

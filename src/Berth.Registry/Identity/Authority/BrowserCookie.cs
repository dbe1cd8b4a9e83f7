using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Authority;

/// <summary>A random value that a browser keeps for one of the authority's pages.</summary>
internal static class BrowserCookie
{
    private const int Length = 43;

    /// <summary>The value that the browser has, or null.</summary>
    public static string? Read(HttpContext context, string name) => context.Request.Cookies[NameOf(context, name)] is { Length: Length } value ? value : null;

    /// <summary>The value that the browser has, or a new one that it gets.</summary>
    public static string Ensure(HttpContext context, string name, CookieOptions options)
    {
        var value = Read(context, name) ?? OpaqueCode.Create();
        options.HttpOnly = true;
        options.IsEssential = true;
        options.Path = "/";
        options.Secure = context.Request.IsHttps;
        context.Response.Cookies.Append(NameOf(context, name), value, options);
        return value;
    }

    // Neighbours below one domain can set each other's cookies, but none with this prefix (RFC 6265bis, 4.1.3.2). Browsers take it over TLS alone.
    private static string NameOf(HttpContext context, string name) => context.Request.IsHttps ? "__Host-" + name : name;
}

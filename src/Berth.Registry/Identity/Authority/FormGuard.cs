using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Authority;

/// <summary>
/// Makes sure that a form was sent from our own page: its browser has a random cookie that other sites neither see nor send, and the page holds what only
/// that cookie gives (double submit).
/// </summary>
internal static class FormGuard
{
    private const string Cookie = "berth_sign_in";
    private const string Field = "form_token";

    /// <summary>The hidden field of a page that is being written; gives the browser its cookie.</summary>
    public static string FieldFor(HttpContext context)
    {
        var cookie = BrowserCookie.Read(context, Cookie) ?? BrowserCookie.Ensure(context, Cookie, new CookieOptions { SameSite = SameSiteMode.Strict });
        return SignInPage.Hidden(Field, ValueOf(cookie));
    }

    /// <summary>Whether the form came from our own page in this browser.</summary>
    public static bool IsOurs(HttpContext context, IFormCollection form) =>
        IsSentFromHere(context) && BrowserCookie.Read(context, Cookie) is { } cookie && form[Field] is [{ } value]
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(value), Encoding.UTF8.GetBytes(ValueOf(cookie)));

    // What the browser itself says, where it does (W3C Fetch Metadata); Origin is null from pages that send no referrer, as ours.
    private static bool IsSentFromHere(HttpContext context) => context.Request.Headers["Sec-Fetch-Site"] is [] or ["same-origin"];

    private static string ValueOf(string cookie) => Convert.ToHexStringLower(OpaqueCode.HashOf("form", cookie));
}

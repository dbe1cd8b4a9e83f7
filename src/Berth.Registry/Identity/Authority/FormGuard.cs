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
        if (Read(context) is not { } cookie)
        {
            cookie = OpaqueCode.Create();
            context.Response.Cookies.Append(
                Cookie, cookie, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = context.Request.IsHttps, Path = "/", IsEssential = true });
        }

        return SignInPage.Hidden(Field, ValueOf(cookie));
    }

    /// <summary>Whether the form came from our own page in this browser.</summary>
    public static bool IsOurs(HttpContext context, IFormCollection form) =>
        Read(context) is { } cookie && form[Field] is [{ } value]
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(value), Encoding.UTF8.GetBytes(ValueOf(cookie)));

    private static string? Read(HttpContext context) => context.Request.Cookies[Cookie] is { Length: 43 } value ? value : null;

    private static string ValueOf(string cookie) => Convert.ToHexStringLower(OpaqueCode.HashOf("form", cookie));
}

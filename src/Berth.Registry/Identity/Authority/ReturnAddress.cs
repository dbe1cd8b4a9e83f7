using System.Text;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Authority;

/// <summary>
/// Where a browser is sent back to: a program on its own machine (RFC 8252, 7.3), and nowhere else, so that no code leaves it. What it gets there is in
/// the address, or in a form that its user sends.
/// </summary>
/// <param name="Uri">The address, as the program wrote it.</param>
/// <param name="IsFormPost">Whether the program wants a form (OAuth 2.0 Form Post Response Mode).</param>
/// <param name="State">What the program wants to see again, or null.</param>
internal sealed record ReturnAddress(string Uri, bool IsFormPost, string? State)
{
    private const int MaxLength = 2048;

    /// <summary>Whether a code may be sent to an address.</summary>
    public static bool IsAllowed(string address) =>
        address.Length <= MaxLength && address.All(c => c is > ' ' and < '\x7f' and not '\\' and not '"' and not '#' and not '<' and not '>')
        && System.Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme == System.Uri.UriSchemeHttp && uri.UserInfo.Length == 0
        && uri.Host is "localhost" or "127.0.0.1" && HasItsHostInPlace(address, uri);

    /// <summary>The address' origin, for the page's policy: a browser follows a form's redirect only to where the policy says.</summary>
    [JsonIgnore]
    public string Origin => new Uri(Uri).GetLeftPart(UriPartial.Authority);

    /// <summary>Sends the browser back with values.</summary>
    public Task SendAsync(HttpContext context, params (string Name, string Value)[] values)
    {
        var all = State is null ? values : [.. values, ("state", State)];
        return IsFormPost ? SendFormAsync(context, all) : Redirect(context, all);
    }

    // What a browser takes for the host must be what was looked at here.
    private static bool HasItsHostInPlace(string address, Uri uri)
    {
        var rest = address.AsSpan("http://".Length);
        if (!address.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || !rest.StartsWith(uri.Host, StringComparison.OrdinalIgnoreCase)) return false;
        return rest.Length == uri.Host.Length || rest[uri.Host.Length] is ':' or '/' or '?';
    }

    private Task Redirect(HttpContext context, (string Name, string Value)[] values)
    {
        var address = new StringBuilder(Uri);
        var separator = Uri.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        foreach (var (name, value) in values)
        {
            address.Append(separator).Append(name).Append('=').Append(System.Uri.EscapeDataString(value));
            separator = '&';
        }

        // See Other: the browser must not send the password on (RFC 9700, 4.12).
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = address.ToString();
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        return Task.CompletedTask;
    }

    private Task SendFormAsync(HttpContext context, (string Name, string Value)[] values)
    {
        var fields = string.Concat(values.Select(value => SignInPage.Hidden(value.Name, value.Value)));
        return SignInPage.WriteAsync(
            context, StatusCodes.Status200OK, "Back to the program",
            $"""<form method="post" action="{SignInPage.Text(Uri)}">{fields}<button autofocus>Continue</button></form>""", Origin);
    }
}

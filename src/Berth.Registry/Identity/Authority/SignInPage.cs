using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Authority;

/// <summary>The authority's pages for people: self-contained, without scripts, in no frame, and kept by nobody.</summary>
internal static class SignInPage
{
    private const string Style = """
        body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f3f4f6;color:#1f2937}
        main{max-width:26rem;margin:10vh auto;padding:2rem;background:#fff;border-radius:.5rem;box-shadow:0 1px 4px #0003}
        h1{font-size:1.3rem;margin:0 0 1rem}label{display:block;margin:.8rem 0}
        input{display:block;box-sizing:border-box;width:100%;padding:.5rem;font:inherit;border:1px solid #9ca3af;border-radius:.25rem}
        button{margin:.8rem .5rem 0 0;padding:.5rem 1.2rem;font:inherit;border:1px solid #1d4ed8;border-radius:.25rem;background:#1d4ed8;color:#fff}
        button.quiet{background:#fff;color:#1d4ed8}.error{color:#b91c1c}code{overflow-wrap:anywhere}
        @media(prefers-color-scheme:dark){body{background:#111827;color:#e5e7eb}main{background:#1f2937}input{background:#111827;color:inherit}
        button.quiet{background:transparent;color:#93c5fd}.error{color:#fca5a5}}
        """;

    private static readonly string StyleHash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)));

    /// <summary>Answers with a page.</summary>
    /// <param name="context">The request.</param>
    /// <param name="status">The HTTP status.</param>
    /// <param name="title">The title, as text.</param>
    /// <param name="content">What stands below it, as HTML.</param>
    /// <param name="target">Where its forms may lead beside this server, as CSP has it; null for nowhere.</param>
    public static async Task WriteAsync(HttpContext context, int status, string title, string content, string? target = null)
    {
        var html = $"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>{Text(title)}</title>
            <style>{Style}</style></head><body><main><h1>{Text(title)}</h1>
            {content}
            </main></body></html>

            """;
        var body = Encoding.UTF8.GetBytes(html);
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.XFrameOptions = "DENY";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers.ContentSecurityPolicy =
            $"default-src 'none'; style-src 'sha256-{StyleHash}'; form-action 'self'{(target is null ? "" : " " + target)}; frame-ancestors 'none'; base-uri 'none'";
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method)) await response.Body.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>Answers with a page that says what went wrong.</summary>
    public static Task WriteErrorAsync(HttpContext context, int status, string message) =>
        WriteAsync(context, status, "This did not work", Paragraph(message, isError: true));

    /// <summary>Text within HTML.</summary>
    public static string Text(string text) => HtmlEncoder.Default.Encode(text);

    /// <summary>A paragraph of text; none without text.</summary>
    public static string Paragraph(string? text, bool isError = false) =>
        text is null ? "" : isError ? $"""<p class="error" role="alert">{Text(text)}</p>""" : $"<p>{Text(text)}</p>";

    /// <summary>A field that nobody sees.</summary>
    public static string Hidden(string name, string value) => $"""<input type="hidden" name="{Text(name)}" value="{Text(value)}">""";

    /// <summary>The fields of a sign-in.</summary>
    public static string Credentials(string name) => $"""
        <label>User name<input name="username" value="{Text(name)}" autocomplete="username" maxlength="256" required></label>
        <label>Password<input name="password" type="password" autocomplete="current-password" maxlength="1024" required></label>
        """;

    /// <summary>The name of a program in HTML: ids are claims, not proofs, and the page says so.</summary>
    public static string Program(string clientId) => clientId switch
    {
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46" => $"A program that says it is the Azure CLI (<code>{clientId}</code>)",
        "1950a258-227b-4e31-a9cf-717495945fc2" => $"A program that says it is Azure PowerShell (<code>{clientId}</code>)",
        _ => $"The program <code>{Text(clientId)}</code>",
    };
}

using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Distribution;
using Berth.Registry.Identity.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Primitives;

namespace Berth.Registry.Identity;

/// <summary>
/// A registry's token service: <c>GET /oauth2/token</c> with a user name and password in the header (Docker token authentication), <c>POST</c> with them in
/// a form (Docker OAuth 2.0, <c>grant_type=password</c>). What is asked for and not permitted is left out of the token, not refused.
/// </summary>
internal sealed class TokenEndpoints(
    RegistryResolver registries, Authenticator authenticator, Authorizer authorizer, AccessTokens tokens, TokenChallenge challenge, PublicNames names,
    IdentityOptions options)
{
    private const int MaxFormBytes = 64 * 1024;
    private const int MaxFormValues = 256;

    /// <summary>Answers the request if it is for the token service; false if its path is another.</summary>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        var isOurs = context.Request.Path.Equals(TokenChallenge.Path, StringComparison.Ordinal);
        handled = isOurs ? AnswerAsync(context) : Task.CompletedTask;
        return isOurs;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        try
        {
            var registry = await registries.ResolveAsync(context) ?? throw new OciException(OciErrorCode.NameUnknown, "There is no registry at this host.");
            if (HttpMethods.IsGet(context.Request.Method))
            {
                var query = context.Request.Query;
                CheckService(registry, query["service"]);
                await IssueAsync(context, registry, await authenticator.AuthenticateBasicAsync(context, registry), query["scope"]);
            }
            else if (HttpMethods.IsPost(context.Request.Method))
            {
                await PostAsync(context, registry);
            }
            else
            {
                context.Response.Headers.Allow = "GET, POST";
                throw new OciException(OciErrorCode.Unsupported, $"{context.Request.Method} is not supported here; see the Allow header.");
            }
        }
        catch (OciException e)
        {
            if (e.Status == StatusCodes.Status429TooManyRequests) context.Response.Headers.RetryAfter = "1";
            await ErrorResponse.WriteAsync(context, e.Status, e.Code, e.Message, e.Detail);
        }
        catch (Exception e) when (e is MetadataUnavailableException or MetadataFullException)
        {
            context.Response.Headers.RetryAfter = "5";
            await ErrorResponse.WriteAsync(context, 503, OciErrorCode.Unavailable, "The registry's storage does not answer at this moment; try again shortly.");
        }
    }

    private async Task PostAsync(HttpContext context, RegistryRecord registry)
    {
        var form = await ReadFormAsync(context);
        CheckService(registry, form["service"]);
        var grant = Single(form, "grant_type");
        if (grant != "password")
            throw new OciException(OciErrorCode.Unsupported, "grant_type must be 'password'.", status: StatusCodes.Status400BadRequest, detail: Shorten(grant));

        var principal = await authenticator.AuthenticateAsync(context, registry, Single(form, "username"), Single(form, "password"));
        await IssueAsync(context, registry, principal, form["scope"]);
    }

    private async Task IssueAsync(HttpContext context, RegistryRecord registry, Principal? principal, StringValues scope)
    {
        if (principal is null)
        {
            challenge.Set(context, registry, null, insufficient: false);
            await ErrorResponse.WriteAsync(
                context, StatusCodes.Status401Unauthorized, OciErrorCode.Unauthorized,
                "A user name and a password that are good are needed for a token; sign in again (docker login, podman login, helm registry login).");
            return;
        }

        if (!RegistryScopes.TryParse(scope.OfType<string>(), out var asked, out var error)) throw new OciException(OciErrorCode.BadRequest, error);
        var permissions = await authorizer.FindPermissionsAsync(principal, registry, context.RequestAborted);
        var token = await tokens.IssueAccessAsync(registry, principal, asked.Grant(permissions), context.RequestAborted);
        if (token.Length > Authenticator.MaxTokenLength)
            throw new OciException(OciErrorCode.BadRequest, $"A token for all that is longer than {Authenticator.MaxTokenLength} characters; ask for fewer scopes at once.");
        await WriteAsync(context, token);
    }

    private async Task WriteAsync(HttpContext context, string token)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("access_token"u8, token);
            json.WriteNumber("expires_in"u8, (long)options.AccessTokenLifetime.TotalSeconds);
            json.WriteEndObject();
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), context.RequestAborted);
    }

    private void CheckService(RegistryRecord registry, StringValues service)
    {
        if (service.Count == 0 || service.ToString().Equals(names.LoginServer(registry.Name), StringComparison.OrdinalIgnoreCase)) return;
        throw new OciException(
            OciErrorCode.BadRequest, $"This is the token service of '{names.LoginServer(registry.Name)}', not of the service that was named.",
            detail: Shorten(service.ToString()));
    }

    private static async Task<IFormCollection> ReadFormAsync(HttpContext context)
    {
        if (!context.Request.HasFormContentType || context.Request.ContentType!.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase))
            throw new OciException(OciErrorCode.BadRequest, "The body must be a form: Content-Type application/x-www-form-urlencoded.", status: 415);
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = MaxFormBytes;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = new MinDataRate(bytesPerSecond: 240, TimeSpan.FromSeconds(5));
        try
        {
            var options = new FormOptions { BufferBodyLengthLimit = MaxFormBytes, ValueCountLimit = MaxFormValues, ValueLengthLimit = MaxFormBytes };
            return await context.Request.ReadFormAsync(options, context.RequestAborted);
        }
        catch (Exception e) when (e is InvalidDataException or Microsoft.AspNetCore.Http.BadHttpRequestException { StatusCode: not StatusCodes.Status408RequestTimeout })
        {
            throw new OciException(OciErrorCode.BadRequest, $"The form cannot be read; it may have {MaxFormBytes} bytes and {MaxFormValues} values at most.");
        }
    }

    private static string Single(IFormCollection form, string name) => form[name] is [{ Length: > 0 } value]
        ? value
        : throw new OciException(OciErrorCode.BadRequest, $"The form needs '{name}', once.");

    private static string Shorten(string text) => text.Length <= 100 ? text : text[..100];
}

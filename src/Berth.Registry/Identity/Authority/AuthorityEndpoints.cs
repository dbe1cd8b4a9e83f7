using System.Diagnostics;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.ApiReference;
using Berth.Registry.Throttling;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Authority;

/// <summary>
/// The authority's addresses: an OAuth 2.0 authorization server for the Azure CLI and the Azure SDKs, with AD FS' paths and Entra's. They answer on any
/// host, but name themselves by the public one.
/// </summary>
internal sealed class AuthorityEndpoints(
    AuthorityDocuments documents, TokenGrants grants, DeviceSignIn devices, BrowserSignIn browsers, OutsideReturn outside, AuthorityTokens tokens, RequestLimiter limiter,
    TimeProvider time) : IFeatureRoutes
{
    /// <inheritdoc/>
    public IEnumerable<ApiCall> Calls => AuthorityDescription.Calls;

    /// <summary>Answers the request if its path is the authority's.</summary>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        var isOurs = AuthorityPath.TryParse(context.Request.Path.Value ?? "", out var path);
        if (isOurs) RequestRoute.Set(context, $"/{{authority}}/{path.Route}");
        handled = isOurs ? AnswerAsync(context, path) : Task.CompletedTask;
        return isOurs;
    }

    private async Task AnswerAsync(HttpContext context, AuthorityPath path)
    {
        try
        {
            limiter.CountSignIn(context, null);
            await CheckTenantAsync(path, context.RequestAborted);
            await ActAsync(context, path);
        }
        catch (Exception e) when (Describe(e) is { } error)
        {
            if (error.Status == StatusCodes.Status429TooManyRequests) context.Response.Headers.RetryAfter = RequestFailure.WaitOf(e) ?? "1";
            if (error.Status == StatusCodes.Status503ServiceUnavailable) context.Response.Headers.RetryAfter = "5";
            if (path.IsPage) await SignInPage.WriteErrorAsync(context, error.Status, error.Message);
            else await AuthorityJson.WriteErrorAsync(context, error, time.GetUtcNow());
        }
    }

    private static AuthorityException? Describe(Exception failure) => failure switch
    {
        AuthorityException e => e,
        OciException { Status: StatusCodes.Status429TooManyRequests } e => new("temporarily_unavailable", 0, e.Message, e.Status),
        OciException e => new("invalid_request", 0, e.Message, e.Status),
        MetadataUnavailableException or MetadataFullException => new(
            "temporarily_unavailable", 0, "The authority's storage does not answer at this moment; try again shortly.", StatusCodes.Status503ServiceUnavailable),
        _ => null,
    };

    private Task ActAsync(HttpContext context, AuthorityPath path)
    {
        switch (path.Route)
        {
            case AuthorityRoute.Configuration:
                RequireMethod(context, "GET", "HEAD");
                return documents.WriteConfigurationAsync(context, path);
            case AuthorityRoute.Keys:
                RequireMethod(context, "GET", "HEAD");
                return documents.WriteKeysAsync(context);
            case AuthorityRoute.Instance:
                RequireMethod(context, "GET", "HEAD");
                return documents.WriteInstanceAsync(context);
            case AuthorityRoute.Token:
                RequireMethod(context, "POST");
                return grants.AnswerAsync(context);
            case AuthorityRoute.DeviceCode:
                RequireMethod(context, "POST");
                return devices.StartAsync(context);
            case AuthorityRoute.DevicePage:
                RequireMethod(context, "GET", "HEAD", "POST");
                return devices.AnswerPageAsync(context);
            case AuthorityRoute.Authorize:
                RequireMethod(context, "GET", "HEAD", "POST");
                return browsers.AnswerAsync(context);
            case AuthorityRoute.OutsideReturn:
                RequireMethod(context, "GET");
                return outside.AnswerAsync(context);
            default:
                throw new UnreachableException(path.Route.ToString());
        }
    }

    private async ValueTask CheckTenantAsync(AuthorityPath path, CancellationToken cancellationToken)
    {
        if (path.Tenant is null or "common" or "organizations") return;
        var known = await tokens.TenantAsync(cancellationToken);
        if (path.Tenant.Equals(known, StringComparison.OrdinalIgnoreCase)) return;
        var named = ClientText.Shorten(path.Tenant, 64);
        throw AuthorityException.Invalid($"There is no tenant '{named}' here; this installation's is '{known}'.", 90002);
    }

    private static void RequireMethod(HttpContext context, params ReadOnlySpan<string> methods)
    {
        foreach (var method in methods)
        {
            if (context.Request.Method.Equals(method, StringComparison.Ordinal)) return;
        }

        context.Response.Headers.Allow = string.Join(", ", methods!);
        throw new AuthorityException(
            "invalid_request", 0, $"{context.Request.Method} is not supported here; see the Allow header.", StatusCodes.Status405MethodNotAllowed);
    }
}

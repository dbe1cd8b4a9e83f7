using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.ApiReference;
using Berth.Registry.Throttling;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Directory;

/// <summary>
/// The directory's API with the paths, objects and errors of Microsoft Graph v1.0: people, groups, and applications with their service principals and
/// credentials. Whoever has a role may read it; to change it takes the right to assign roles in the whole subscription.
/// </summary>
internal sealed class DirectoryEndpoints(
    UserCalls users, GroupCalls groups, ApplicationCalls applications, ApplicationCredentialCalls credentials, FederationCalls federation, ObjectCalls objects,
    ControlAuthenticator authenticator, Authorizer authorizer, IInstallation installation, AccessLog accessLog, PublicNames names,
    RequestLimiter limiter) : IFeatureRoutes
{
    private const string WriteAction = "Microsoft.Authorization/directory/write";

    private static readonly string[] Collections = ["users", "groups", "applications", "servicePrincipals", "directoryObjects", "me"];

    private readonly Lazy<GraphRoute[]> _routes = new(() =>
        [.. users.Routes, .. groups.Routes, .. applications.Routes, .. credentials.Routes, .. federation.Routes, .. objects.Routes]);

    /// <inheritdoc/>
    public IEnumerable<ApiCall> Calls => DirectoryDescription.Of(_routes.Value);

    /// <inheritdoc/>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        handled = Task.CompletedTask;
        if (GraphRoute.PartsOf(context.Request.Path) is not { } parts || !Collections.Contains(parts[0], StringComparer.OrdinalIgnoreCase)) return false;
        handled = AnswerAsync(context, parts);
        return true;
    }

    private async Task AnswerAsync(HttpContext context, IReadOnlyList<string> parts)
    {
        try
        {
            await CallAsync(context, parts);
        }
        catch (GraphException e)
        {
            await GraphCall.RefuseAsync(context, e.Status, e.Code, e.Message);
        }
        catch (OciException e) when (e.Status == StatusCodes.Status429TooManyRequests)
        {
            context.Response.Headers.RetryAfter = RequestFailure.WaitOf(e) ?? "1";
            await GraphCall.RefuseAsync(context, e.Status, "TooManyRequests", e.Message);
        }
        catch (Exception e) when (e is MetadataUnavailableException or MetadataFullException)
        {
            context.Response.Headers.RetryAfter = "5";
            await GraphCall.RefuseAsync(
                context, StatusCodes.Status503ServiceUnavailable, "ServiceUnavailable", "The registry's storage does not answer at this moment; try again shortly.");
        }
    }

    private async Task CallAsync(HttpContext context, IReadOnlyList<string> parts)
    {
        var caller = await authenticator.AuthenticateAsync(context, names.GraphEndpoint);
        limiter.CountControl(context, caller);
        if (caller is not { } principal)
        {
            context.Response.Headers.WWWAuthenticate = $"Bearer authorization_uri=\"{names.LoginEndpoint}/adfs/oauth2/authorize\"";
            throw new GraphException(
                StatusCodes.Status401Unauthorized, "InvalidAuthenticationToken",
                $"An access token of {names.LoginEndpoint} for '{names.GraphEndpoint}' that is good now is needed; sign in again (az login, berth login).");
        }

        var found = _routes.Value.Select(route => (Route: route, Values: route.Match(parts))).Where(match => match.Values is not null).ToList();
        if (found.Count == 0) throw new GraphException(StatusCodes.Status404NotFound, "BadRequest", $"The directory has no '{GraphException.Shorten(string.Join('/', parts))}'.");
        if (found.Find(match => match.Route.Method == context.Request.Method) is not { Route: { } route, Values: { } values })
        {
            context.Response.Headers.Allow = string.Join(", ", found.Select(match => match.Route.Method).Distinct());
            throw new GraphException(StatusCodes.Status405MethodNotAllowed, "Request_BadRequest", $"{context.Request.Method} is not supported here; see the Allow header.");
        }

        RequestRoute.Set(context, $"/v1.0/{route.Pattern}");
        await CheckAsync(context, principal, route.Need);
        await route.AnswerAsync(new GraphCall(context, principal, $"{names.GraphEndpoint}/v1.0", values));
    }

    private async Task CheckAsync(HttpContext context, Principal principal, GraphNeed need)
    {
        if (await MayAsync(principal, need, context.RequestAborted)) return;

        accessLog.Record(
            AccessEventKinds.Denied, 0, principal.Name, context.Connection.RemoteIpAddress?.ToString(), $"directory {(need == GraphNeed.Write ? "write" : "read")}",
            context.TraceIdentifier);
        throw GraphException.Denied(need == GraphNeed.Write
            ? $"'{principal.Name}' may not change the directory; it takes '{WriteAction}' in the subscription, which Owner and User Access Administrator have."
            : $"'{principal.Name}' may not read the directory; it takes any role anywhere. Ask who may assign roles.");
    }

    private async ValueTask<bool> MayAsync(Principal principal, GraphNeed need, CancellationToken cancellationToken)
    {
        if (need == GraphNeed.Token) return true;
        if (need == GraphNeed.Read && await authorizer.HasAnyRoleAsync(principal, cancellationToken)) return true;
        if (need == GraphNeed.Read || await installation.FindInstallationAsync(cancellationToken) is not { } standing) return false;

        var subscription = ResourceScope.OfSubscription(standing.SubscriptionId);
        return (await authorizer.FindControlRightsAsync(principal, [subscription], cancellationToken)).May(subscription, WriteAction);
    }
}

using System.Diagnostics;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.ApiReference;
using Berth.Registry.Identity;
using Berth.Registry.Throttling;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Management;

/// <summary>
/// The one door to the control plane, under any host name: authenticate, find the route, find the caller's right at the resource, act. Whether a resource
/// is there is told to those alone who may see it.
/// </summary>
internal sealed partial class ManagementEndpoints(
    ControlAuthenticator authenticator, Authorizer authorizer, IInstallation installations, AuthorityTokens authority, PublicNames names, AccessLog accessLog,
    IResourceLocks locks, ManagementMetrics metrics, RequestLimiter limiter, IServiceProvider services, ILogger<ManagementEndpoints> logger) : IFeatureRoutes
{
    private const string RetryAfterSeconds = "5";

    // What a name follows, where a scope may end.
    private static readonly string[] Collections = ["", "subscriptions", "resourceGroups", "registries", "userAssignedIdentities"];

    // The deepest resource has ten; a scope of a role assignment adds four.
    private const int MaxSegments = 32;

    /// <inheritdoc/>
    public IEnumerable<ApiCall> Calls => ManagementDescription.Calls;

    /// <inheritdoc/>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        handled = Task.CompletedTask;
        var path = context.Request.Path.Value.AsSpan().TrimStart('/');
        var end = path.IndexOf('/');
        var first = end < 0 ? path : path[..end];
        if (!first.Equals("subscriptions", StringComparison.OrdinalIgnoreCase) && !first.Equals("tenants", StringComparison.OrdinalIgnoreCase)
            && !first.Equals("providers", StringComparison.OrdinalIgnoreCase)) return false;
        handled = HandleAsync(context);
        return true;
    }

    private async Task HandleAsync(HttpContext context)
    {
        var started = Stopwatch.GetTimestamp();
        var route = default(ManagementRoute);
        context.Response.Headers["x-ms-request-id"] = context.TraceIdentifier;
        try
        {
            var caller = await authenticator.AuthenticateAsync(context, names.ArmEndpoint);
            limiter.CountControl(context, caller);
            if (caller is not { } principal)
            {
                await AnswerUnauthorizedAsync(context);
                return;
            }

            (route, var values) = FindRoute(context);
            RequestRoute.Set(context, route.Pattern);
            var version = ApiVersion.Parse(context.Request.Query["api-version"].ToString());
            await ActAsync(context, route, values, principal, version);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there any more to answer.
        }
        catch (Exception e)
        {
            await AnswerFailureAsync(context, route, e);
        }
        finally
        {
            metrics.RequestAnswered(route?.Name ?? "none", context.Response.StatusCode, Stopwatch.GetElapsedTime(started));
        }
    }

    private async Task ActAsync(HttpContext context, ManagementRoute route, Dictionary<string, string> values, Principal principal, ApiVersion version)
    {
        var installation = await installations.FindInstallationAsync(context.RequestAborted) ?? throw new MetadataUnavailableException("There is no installation yet.");
        var scope = ScopeText.Of(values);
        if (SubscriptionOf(scope) is { } subscription && !subscription.Equals(installation.SubscriptionId, StringComparison.OrdinalIgnoreCase))
            throw ManagementException.SubscriptionNotFound(subscription);

        // Somebody without a role learns nothing, not even that this is the subscription.
        if (route.Action == ManagementRoute.AnyRole && scope != ResourceScope.Root && !await authorizer.HasAnyRoleAsync(principal, context.RequestAborted))
            throw ManagementException.SubscriptionNotFound(values["subscription"]);

        var mayAct = route switch
        {
            { ListsWhatIsReadable: true } => true,
            { Action: ManagementRoute.AnyRole } => true,
            _ => (await authorizer.FindControlRightsAsync(principal, [scope], context.RequestAborted)).May(scope, route.Action),
        };
        if (!mayAct)
        {
            await DenyAsync(context, principal, route.Action, values, scope);
            throw Forbidden(principal, route.Action, scope);
        }

        if (route.ForbiddenBy is { } level && await locks.FindLockOverAsync(scope, level, context.RequestAborted) is { } held)
            throw ManagementException.Locked(ScopeText.Write(scope), held);
        await route.Act(services, new ManagementRequest(context, route, values, scope, principal, installation, names) { Version = version });
    }

    private static string? SubscriptionOf(ResourceScope scope) => scope.Value.Split('/') is ["", "subscriptions", var subscription, ..] ? subscription : null;

    internal static ManagementException Forbidden(Principal principal, string action, ResourceScope scope) => new(
        403, "AuthorizationFailed",
        $"The client '{principal.Name}' does not have authorization to perform action '{action}' over scope '{ScopeText.Write(scope)}' or the scope is invalid. "
        + "Ask someone who may assign roles there for one that has the action; if it was assigned just now, sign in again.");

    // A denial belongs to the registry that the path is within, if there is one: its auditors ask for it there.
    private async ValueTask DenyAsync(HttpContext context, Principal principal, string action, Dictionary<string, string> values, ResourceScope scope)
    {
        var registry = values.TryGetValue("registry", out var name) ? await installations.FindRegistryAsync(name.ToLowerInvariant(), context.RequestAborted) : null;
        var id = registry?.Scope.Contains(scope) == true ? registry.Id : 0;
        var address = context.Connection.RemoteIpAddress?.ToString();
        if (accessLog.Record(AccessEventKinds.Denied, id, principal.Name, address, action, context.TraceIdentifier)) LogDenied(principal.Name, action);
    }

    private static (ManagementRoute Route, Dictionary<string, string> Values) FindRoute(HttpContext context)
    {
        var path = SegmentsOf(context.Request.Path.Value!);
        List<string> allowed = [];
        foreach (var route in path.Length <= MaxSegments ? ManagementRoute.All : [])
        {
            if (route.Match(path) is not { } values) continue;
            if (route.Method == context.Request.Method) return (route, values);
            allowed.Add(route.Method);
        }

        if (allowed.Count == 0) throw new ManagementException(404, "NotFound", "Nothing is served at this path; docs/reference/control-plane.md lists what is.");
        context.Response.Headers.Allow = string.Join(", ", allowed);
        throw new ManagementException(405, "MethodNotAllowed", "This method is not supported here; see the Allow header.");
    }

    // Clients join the parts of an id with a slash too many: at its ends, before "providers", and behind a provider's name, where az writes the parent that there is
    // none of. Anywhere else a name is missing, and what follows would be taken for it.
    private static string[] SegmentsOf(string path)
    {
        var segments = path.Trim('/').Split('/');
        for (var i = 1; i < segments.Length - 1; i++)
        {
            if (segments[i].Length > 0 || segments[i - 1].Contains('.', StringComparison.Ordinal)) continue;
            if (!segments[i + 1].Equals("providers", StringComparison.OrdinalIgnoreCase) || Collections.Contains(segments[i - 1], StringComparer.OrdinalIgnoreCase))
                throw ManagementException.Bad("InvalidRequestUri", "The path holds an empty segment: a name is missing between two slashes.");
        }

        return [.. segments.Where(segment => segment.Length > 0)];
    }

    private async Task AnswerUnauthorizedAsync(HttpContext context)
    {
        var tenant = await authority.TenantAsync(context.RequestAborted);
        var isMissing = context.Request.Headers.Authorization.Count == 0;
        var what = isMissing ? "The authentication failed because of missing 'Authorization' header." : "The access token is none for this address, or is good no more.";
        context.Response.Headers.WWWAuthenticate =
            $"Bearer authorization_uri=\"{names.LoginEndpoint}/{tenant}\", error=\"invalid_token\", error_description=\"{what.Replace('"', '\'')}\"";
        await WriteErrorAsync(
            context, 401, isMissing ? "AuthenticationFailed" : "InvalidAuthenticationToken", $"{what} Sign in (az login, berth login): tokens are for '{names.ArmEndpoint}'.");
    }

    private async Task AnswerFailureAsync(HttpContext context, ManagementRoute? route, Exception failure)
    {
        var (status, code, message) = failure switch
        {
            ManagementException e => (e.Status, e.Code, e.Message),
            ResourceLockedException { Lock: var held } => OfError(ManagementException.Locked(ScopeText.Write(held.Scope), held)),
            OciException { Status: 429 } e => (429, "TooManyRequests", e.Message),
            BadHttpRequestException { StatusCode: 413 } => (413, "RequestEntityTooLarge", "The body is larger than 1 MiB."),
            BadHttpRequestException e => (e.StatusCode, "InvalidRequestContent", e.Message),
            MetadataFullException => (507, "InsufficientStorage", "The volume of the registry's metadata is full: nothing of this request was stored. Free space, then try again."),
            MetadataUnavailableException or OperationCanceledException => (503, "ServiceUnavailable", "The registry's metadata does not answer at this moment; try again shortly."),
            _ => (500, "InternalServerError", $"An unexpected error; the server's log has it under request id {context.TraceIdentifier}."),
        };
        if (status >= 500) LogFailed(failure, status, context.Request.Method, route?.Name ?? "none", context.TraceIdentifier);
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        if (status is 429 or 503) context.Response.Headers.RetryAfter = RequestFailure.WaitOf(failure) ?? RetryAfterSeconds;
        await WriteErrorAsync(context, status, code, message);
    }

    private static (int Status, string Code, string Message) OfError(ManagementException error) => (error.Status, error.Code, error.Message);

    private static Task WriteErrorAsync(HttpContext context, int status, string code, string message) => JsonAnswer.WriteAsync(context, status, json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("code"u8, code);
        json.WriteString("message"u8, message);
        json.WriteEndObject();
        json.WriteEndObject();
    });
}

using System.Net;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry;
using Berth.Registry.Identity;
using Berth.Server.Hosting;

namespace Berth.Server.Telemetry;

/// <summary>Who may read the metrics: callers on this machine, and principals with <c>metrics/read</c> on the default registry.</summary>
internal sealed class MetricsAccess(IInstallation installation, Authenticator authenticator, Authorizer authorizer, AccessLog accessLog, RegistryOptions options)
{
    private const string RetryAfterSeconds = "5";
    private static readonly string[] ForwardingHeaders = ["X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via", "X-Real-IP"];

    /// <summary>Whether the caller may read them; one that may not has got its answer.</summary>
    public async ValueTask<bool> AdmitAsync(HttpContext context)
    {
        if (IsLocal(context)) return true;
        try
        {
            await RequireRightAsync(context);
            return true;
        }
        catch (OciException e)
        {
            if (e.Code == OciErrorCode.TooManyRequests) context.Response.Headers.RetryAfter = RetryAfterSeconds;
            await Json.ErrorAsync(context, e.Status, e.Code.Describe().Code, e.Message);
            return false;
        }
        catch (MetadataUnavailableException)
        {
            context.Response.Headers.RetryAfter = RetryAfterSeconds;
            await Json.ErrorAsync(context, StatusCodes.Status503ServiceUnavailable, "UNAVAILABLE", "The registry's storage does not answer at this moment; try again shortly.");
            return false;
        }
    }

    private async Task RequireRightAsync(HttpContext context)
    {
        var registry = await installation.FindRegistryAsync(options.DefaultRegistry, context.RequestAborted)
            ?? throw new OciException(OciErrorCode.NameUnknown, $"There is no registry '{options.DefaultRegistry}'.");
        if (await authenticator.AuthenticateBasicAsync(context, registry) is not { } signedIn)
        {
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"Berth\"";
            throw new OciException(OciErrorCode.Unauthorized, "Metrics need no credential on the registry's own machine alone: sign in with a user name and password.");
        }

        var permissions = await authorizer.FindPermissionsAsync(signedIn, registry, context.RequestAborted);
        if (permissions.MayUse(RegistryAction.MetricsRead)) return;

        accessLog.Record(
            AccessEventKinds.Denied, registry.Id, signedIn.Principal.Name, context.Connection.RemoteIpAddress?.ToString(), "metrics", context.TraceIdentifier);
        throw new OciException(OciErrorCode.Denied, $"'{signedIn.Principal.Name}' may not read the metrics; ask the owner for the right '{RegistryAction.MetricsRead}'.");
    }

    // A proxy on this machine that nobody declared trusted makes every client look local: what it passes on needs a credential.
    private static bool IsLocal(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address
        && IPAddress.IsLoopback(address)
        && !ForwardingHeaders.Any(context.Request.Headers.ContainsKey);
}

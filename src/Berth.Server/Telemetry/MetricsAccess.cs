using System.Net;
using System.Security.Cryptography;
using System.Text;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry;
using Berth.Registry.Identity;
using Berth.Server.Hosting;

namespace Berth.Server.Telemetry;

/// <summary>
/// Who may read the metrics: callers on this machine, and principals with <c>metrics/read</c> on the default registry. While the database does not answer, so that nobody can be asked about, the
/// credential that was good last is for some minutes: an outage is what metrics are wanted for, and they hold no content.
/// </summary>
internal sealed class MetricsAccess(
    IInstallation installation, Authenticator authenticator, Authorizer authorizer, AccessLog accessLog, RegistryOptions options, TimeProvider time)
{
    private static readonly TimeSpan GoodWithoutDatabase = TimeSpan.FromMinutes(15);

    private const string RetryAfterSeconds = "5";
    private static readonly string[] ForwardingHeaders = ["X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via", "X-Real-IP"];

    // Not the credential itself, which has no place in memory beyond its request.
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private volatile Admitted? _last;

    /// <summary>Whether the caller may read them; one that may not has got its answer.</summary>
    public async ValueTask<bool> AdmitAsync(HttpContext context)
    {
        if (IsLocal(context)) return true;
        try
        {
            var until = await RequireRightAsync(context);
            _last = new Admitted(Mark(context), time.GetTimestamp(), until);
            return true;
        }
        catch (OciException e)
        {
            if (_last is { } last && IsMark(context, last)) _last = null;
            if (e.Code == OciErrorCode.TooManyRequests) context.Response.Headers.RetryAfter = RetryAfterSeconds;
            await Json.ErrorAsync(context, e.Status, e.Code.Describe().Code, e.Message);
            return false;
        }
        catch (MetadataUnavailableException)
        {
            if (_last is { } last && time.GetElapsedTime(last.At) < GoodWithoutDatabase && (last.Until is not { } end || end > time.GetUtcNow()) && IsMark(context, last)) return true;
            context.Response.Headers.RetryAfter = RetryAfterSeconds;
            await Json.ErrorAsync(context, StatusCodes.Status503ServiceUnavailable, "UNAVAILABLE", "The registry's storage does not answer at this moment; try again shortly.");
            return false;
        }
    }

    /// <summary>Returns until when the credential is good, where it ends by itself.</summary>
    private async Task<DateTimeOffset?> RequireRightAsync(HttpContext context)
    {
        var registry = await installation.FindRegistryAsync(options.DefaultRegistry, context.RequestAborted)
            ?? throw new OciException(OciErrorCode.NameUnknown, $"There is no registry '{options.DefaultRegistry}'.");
        if (await authenticator.AuthenticateBasicAsync(context, registry) is not { } signedIn)
        {
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"Berth\"";
            throw new OciException(OciErrorCode.Unauthorized, "Metrics need no credential on the registry's own machine alone: sign in with a user name and password.");
        }

        var permissions = await authorizer.FindPermissionsAsync(signedIn, registry, context.RequestAborted);
        if (permissions.MayUse(RegistryAction.MetricsRead)) return signedIn.Until;

        accessLog.Record(
            AccessEventKinds.Denied, registry.Id, signedIn.Principal.Name, context.Connection.RemoteIpAddress?.ToString(), "metrics", context.TraceIdentifier);
        throw new OciException(OciErrorCode.Denied, $"'{signedIn.Principal.Name}' may not read the metrics; ask the owner for the right '{RegistryAction.MetricsRead}'.");
    }

    private byte[] Mark(HttpContext context) => HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(context.Request.Headers.Authorization.ToString()));

    private bool IsMark(HttpContext context, Admitted admitted) => CryptographicOperations.FixedTimeEquals(admitted.Mark, Mark(context));

    // A proxy on this machine that nobody declared trusted makes every client look local: what it passes on needs a credential.
    private static bool IsLocal(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address
        && IPAddress.IsLoopback(address)
        && !ForwardingHeaders.Any(context.Request.Headers.ContainsKey);

    /// <summary>A credential that was good.</summary>
    private sealed record Admitted(byte[] Mark, long At, DateTimeOffset? Until);
}

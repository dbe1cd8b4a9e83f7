using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Distribution;
using Berth.Registry.Identity;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Events;

/// <summary>
/// Sign-ins, pulls and failures on their way to the diagnostic logs: those that look alike are counted together until they are taken, and a bounded number of different ones waits. What
/// changed something comes from the ledger and not through here. While nothing is written, nothing is kept.
/// </summary>
public sealed class DiagnosticEvents(DiagnosticsOptions options, DiagnosticMetrics metrics, TimeProvider time)
{
    private const int MostWaiting = 5_000;
    private const int MaxIdentityLength = 64;
    private static readonly object IdentityKey = new();

    private readonly Lock _lock = new();
    private Dictionary<DiagnosticEvent, DiagnosticOccurrence> _waiting = [];

    /// <summary>Remembers who asks, for the line that the request may become.</summary>
    internal void Known(HttpContext context, Principal principal)
    {
        if (options.RepositoryEvents) context.Items[IdentityKey] = principal.Name;
    }

    /// <summary>A sign-in, or one that was refused.</summary>
    internal void SignedIn(long registryId, string identity, string? address, int status, string? requestId)
    {
        if (!options.LoginEvents) return;
        Add(
            new DiagnosticEvent(DiagnosticColumns.LoginEvents, DiagnosticColumns.Login, registryId) { Identity = Short(identity), Address = address, Status = status },
            requestId, durationMs: null);
    }

    /// <summary>A request to the data plane: pulls, and what failed, become lines; one that got its challenge is neither.</summary>
    internal void Answered(HttpContext context, RegistryRecord registry, RepositoryName repository, Reference reference, DistributionRoute route, int status, TimeSpan duration)
    {
        if (!options.RepositoryEvents || status == StatusCodes.Status401Unauthorized || OperationOf(context.Request.Method, route, reference, status) is not { } operation) return;
        var (request, answer) = (context.Request, context.Response);
        var isContent = status < 400;
        Add(
            new DiagnosticEvent(DiagnosticColumns.RepositoryEvents, operation, registry.Id)
            {
                Status = status,
                Identity = Short(context.Items.TryGetValue(IdentityKey, out var known) ? (string)known! : ""),
                Address = context.Connection.RemoteIpAddress?.ToString(),
                UserAgent = Identity.UserAgent.Clean(request.Headers.UserAgent),
                Repository = repository.Value,
                Tag = reference.IsDigest ? null : reference.Tag.Value,
                Digest = reference.IsDigest ? reference.Digest.ToString() : isContent ? answer.Headers["Docker-Content-Digest"].ToString() : null,
                MediaType = isContent ? answer.ContentType : null,
                Size = isContent ? answer.ContentLength : null,
            },
            context.TraceIdentifier, duration.TotalMilliseconds);
    }

    /// <summary>What waits; none of it waits any more.</summary>
    internal IReadOnlyCollection<KeyValuePair<DiagnosticEvent, DiagnosticOccurrence>> Take()
    {
        lock (_lock)
        {
            if (_waiting.Count == 0) return [];
            var taken = _waiting;
            _waiting = [];
            return taken;
        }
    }

    private void Add(DiagnosticEvent happened, string? requestId, double? durationMs)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (_waiting.TryGetValue(happened, out var before)) _waiting[happened] = new DiagnosticOccurrence(now, before.Count + 1, requestId, durationMs, null);
            else if (_waiting.Count < MostWaiting) _waiting.Add(happened, new DiagnosticOccurrence(now, 1, requestId, durationMs, null));
            else metrics.Dropped(1);
        }
    }

    private static string Short(string identity) => ClientText.Shorten(identity, MaxIdentityLength);

    // What changed something stands in the ledger, and is written from there.
    private static string? OperationOf(string method, DistributionRoute route, Reference reference, int status) => route.Kind != ResourceKind.Manifest ? null : method switch
    {
        "GET" => DiagnosticColumns.Pull,
        "PUT" when status >= 400 => DiagnosticColumns.Push,
        "DELETE" when status >= 400 => reference.IsDigest ? DiagnosticColumns.Delete : DiagnosticColumns.Untag,
        _ => null,
    };
}

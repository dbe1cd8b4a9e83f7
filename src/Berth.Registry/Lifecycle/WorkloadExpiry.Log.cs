using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle;

public sealed partial class WorkloadExpiry
{
    [LoggerMessage(6201, LogLevel.Warning, "The report of the workload {Workload} at the registry {Registry} ended at {ExpiresAt} without another one (cluster {Cluster}, namespace {Part}, owner {Owner}; last reported at {ReportedAt}): what it alone kept may be deleted from now on")]
    private partial void LogExpired(string workload, string registry, string cluster, string part, string owner, DateTimeOffset expiresAt, DateTimeOffset reportedAt);
}

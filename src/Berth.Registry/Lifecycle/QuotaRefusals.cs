using Berth.Metadata;
using Berth.Oci;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle;

/// <summary>What a client is told for whose push a quota has no room, and the count of those.</summary>
internal sealed partial class QuotaRefusals(UsageMetrics metrics, ILogger<QuotaRefusals> logger)
{
    /// <summary>The error: 403 <c>DENIED</c>, as registries answer where a quota is full, with every number in the message.</summary>
    public static OciException Of(StandingQuota standing)
    {
        var (whose, option) = standing.Repository is { } repository ? ($"repository '{repository}'", $" --repository {repository}") : ($"registry '{standing.Registry}'", "");
        return new OciException(
            OciErrorCode.Denied,
            $"The quota of the {whose} is {standing.Limit} bytes: {standing.Used} are used, {standing.Reserved} are reserved by other uploads, and this needs {standing.Wanted} more. "
            + $"Delete images there, or ask its owner for more room (berth quota set --registry {standing.Registry}{option} --limit <bytes>).",
            detail: standing.Repository ?? standing.Registry);
    }

    /// <summary>Takes note of one.</summary>
    public void Count(StandingQuota standing)
    {
        metrics.Refused(standing.Repository is not null);
        LogRefused(standing.Repository ?? "the registry as a whole", standing.Registry, standing.Limit, standing.Used, standing.Reserved, standing.Wanted);
    }
}

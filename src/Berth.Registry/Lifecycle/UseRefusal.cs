using Berth.Metadata;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Lifecycle;

/// <summary>What a client is told that asked to have something deleted that runs: which workload uses it, where, and what to do about it.</summary>
internal static class UseRefusal
{
    /// <summary>The error for a use that stands in the way: 409.</summary>
    public static OciException Of(StandingUse standing) => new(
        OciErrorCode.Denied, $"The manifest {standing.Digest} of '{standing.Repository}' {Reason(standing)}", StatusCodes.Status409Conflict, standing.Digest.ToString());

    private static string Reason(StandingUse standing)
    {
        if (standing.Workload == StandingUse.Undecided)
        {
            return "is part of more indexes, or lists more manifests, than can be looked through: since workloads report to this registry, it counts as in use. "
                + "Delete the indexes that list it one by one first.";
        }

        string?[] place = [standing.Cluster is { } cluster ? $"cluster '{cluster}'" : null, standing.Namespace is { } part ? $"namespace '{part}'" : null];
        var where = string.Join(", ", place.OfType<string>());
        return FormattableString.Invariant(
            $"is in use by the workload '{standing.Workload}'{(where.Length == 0 ? "" : $" ({where})")}, as it reports until {standing.Until:yyyy-MM-dd HH:mm} UTC. Move the workload off it, or end its report: berth workloads delete --registry <registry> --name {standing.Workload}");
    }
}

namespace Berth.Cli.Workloads;

/// <summary>What says what runs.</summary>
internal enum ListingFormat
{
    /// <summary><c>kubectl get pods -o json</c></summary>
    Kubectl,

    /// <summary><c>podman ps --format json</c>, <c>podman images --format json</c>, <c>podman inspect</c></summary>
    Podman,

    /// <summary><c>crictl ps -o json</c>, <c>crictl images -o json</c></summary>
    Crictl,

    /// <summary>Digests, or images with digests, one a line.</summary>
    Digests,
}

using System.Globalization;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Lifecycle;

/// <summary>Keeps quarantined content from those who pull: by its tag it is absent, by its digest it is denied with the reason.</summary>
internal sealed class QuarantineGate(LifecycleMetrics metrics)
{
    /// <summary>Whether a manifest that was asked for by a tag counts as absent for the caller.</summary>
    public bool Hides(CallerRights rights, Reference reference, ManifestRecord manifest)
    {
        if (reference.IsDigest || manifest.SetApart is null || rights.MayReadQuarantined) return false;
        metrics.QuarantineRefused();
        return true;
    }

    /// <summary>Refuses the pull of a manifest by its digest.</summary>
    /// <exception cref="OciException">403: it is quarantined.</exception>
    public void CheckPull(CallerRights rights, RepositoryName repository, ManifestRecord manifest)
    {
        if (manifest.SetApart is not { } setApart || rights.MayReadQuarantined) return;
        var why = setApart.Digest.IsDefault ? $"the repository '{repository}' is quarantined"
            : setApart.Digest == manifest.Digest ? "it is quarantined"
            : $"only quarantined indexes lead to it, such as {setApart.Digest}";
        throw Refusal($"The manifest {manifest.Digest} of '{repository}' is not pulled: {why}", setApart.Quarantine, manifest.Digest);
    }

    /// <summary>Refuses the pull of a blob.</summary>
    /// <exception cref="OciException">403: its repository is quarantined, or every manifest of it that names the blob.</exception>
    public void CheckPull(CallerRights rights, RepositoryName repository, BlobRecord blob)
    {
        if (blob.SetApart is not { } setApart || rights.MayReadQuarantined) return;
        var why = setApart.Digest.IsDefault ? $"the repository '{repository}' is quarantined" : $"only quarantined manifests name it, such as {setApart.Digest}";
        throw Refusal($"The blob {blob.Digest} of '{repository}' is not pulled: {why}", setApart.Quarantine, blob.Digest);
    }

    private OciException Refusal(string what, Quarantine quarantine, Digest digest)
    {
        metrics.QuarantineRefused();
        var until = quarantine.Until is { } end ? $" until {end.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)}" : "";
        var reason = quarantine.Reason is { } text ? $". Reason: {text.TrimEnd('.')}" : "";
        return new OciException(
            OciErrorCode.Denied, $"{what}{until}{reason}. The role AcrQuarantineReader lets it be pulled for a look.", StatusCodes.Status403Forbidden, digest.ToString());
    }
}

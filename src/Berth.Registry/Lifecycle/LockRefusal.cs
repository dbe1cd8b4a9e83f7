using Berth.Metadata;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Lifecycle;

/// <summary>What a client is told that asked for something that is locked: what is, by which flag, and how it is unlocked.</summary>
internal static class LockRefusal
{
    /// <summary>The error for a lock that stands in the way: 403 for a pull, 409 for a change or a deletion.</summary>
    public static OciException Of(StandingLock standing)
    {
        if (standing is { WriteOnce: { } writeOnce, Reference: { } named }) return OfWriteOnce(standing, named, writeOnce);
        var (flag, option, what) = standing.Lock switch
        {
            Locks.Delete => ("deleteEnabled", "--delete-enabled", "it must not be deleted"),
            Locks.Read => ("readEnabled", "--read-enabled", "it must not be pulled"),
            Locks.List => ("listEnabled", "--list-enabled", "it is left out of lists"),
            _ => ("writeEnabled", "--write-enabled", "it must be neither changed nor deleted"),
        };
        var (thing, name) = standing.Reference switch
        {
            null => ($"The repository '{standing.Repository}'", $"--repository {standing.Repository}"),
            { IsDigest: true } manifest => ($"The manifest {manifest} of '{standing.Repository}'", $"--image {standing.Repository}@{manifest}"),
            { } tag => ($"The tag '{standing.Repository}:{tag}'", $"--image {standing.Repository}:{tag}"),
        };
        return new OciException(
            OciErrorCode.Denied,
            $"{thing} is locked: {flag} is false, so {what}. Who may change its metadata unlocks it: az acr repository update --name <registry> {name} {option} true",
            standing.Lock == Locks.Read ? StatusCodes.Status403Forbidden : StatusCodes.Status409Conflict,
            standing.Reference?.ToString() ?? standing.Repository.ToString());
    }

    private static OciException OfWriteOnce(StandingLock standing, Reference tag, WriteOnce writeOnce)
    {
        var what = writeOnce.IsDeletable ? "it is not moved to another manifest" : "it is neither moved to another manifest nor removed";
        return new OciException(
            OciErrorCode.Denied,
            $"The tag '{standing.Repository}:{tag}' is write-once by the rule '{writeOnce.Rule}' and names {standing.Digest}: {what}. Push under another tag. "
            + $"Who decides about the registry's tag rules changes the rule: berth tag-rule show --registry <registry> --name {writeOnce.Rule}",
            StatusCodes.Status409Conflict, tag.ToString());
    }

    /// <summary>Refuses the pull of a manifest when it, its repository or the tag that it was asked for by must not be pulled.</summary>
    /// <exception cref="OciException">403: one of them is locked.</exception>
    public static void CheckPull(RepositoryName repository, Reference reference, ManifestRecord manifest)
    {
        CheckPull(manifest.RepositoryLocks, repository, null);
        CheckPull(manifest.TagLocks, repository, reference);
        CheckPull(manifest.Locks, repository, Reference.To(manifest.Digest));
    }

    /// <summary>Refuses the pull of a blob when its repository must not be pulled from.</summary>
    /// <exception cref="OciException">403: the repository is locked.</exception>
    public static void CheckPull(RepositoryName repository, BlobRecord blob) => CheckPull(blob.RepositoryLocks, repository, null);

    private static void CheckPull(Locks locks, RepositoryName repository, Reference? reference)
    {
        if (locks.HasFlag(Locks.Read)) throw Of(new StandingLock(repository, reference, Locks.Read));
    }
}

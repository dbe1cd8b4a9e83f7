using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Lifecycle;

namespace Berth.Registry.Artifacts;

/// <summary>Changes a repository's settings, and deletes repositories.</summary>
internal sealed class RepositoryService(
    IRepositories repositories, IManifests manifests, LifecycleOptions lifecycle, LifecycleMetrics metrics, TimeProvider time)
{
    /// <summary>The repository of the path.</summary>
    /// <exception cref="OciException">404: there is no such repository.</exception>
    public async Task<RepositoryRecord> FindAsync(ArtifactRequest request) =>
        await repositories.FindRepositoryAsync(request.Registry, request.Repository, request.Aborted) ?? throw request.UnknownRepository();

    /// <summary>Applies the settings of the request's body; the result is the repository as it is then.</summary>
    /// <exception cref="OciException">400: the body cannot be applied. 403: the caller may not open it to everybody. 404: there is no such repository.</exception>
    public async Task<RepositoryRecord> UpdateAsync(ArtifactRequest request)
    {
        var changes = await ArtifactChanges.ReadRepositoryAsync(request);
        if (!await manifests.RepositoryExistsAsync(request.Registry, request.Repository, request.Aborted)) throw request.UnknownRepository();
        if (changes.AnonymousPull is true && !request.Admission.Rights.MayConfigure)
        {
            throw new OciException(
                OciErrorCode.Denied,
                $"'{request.Admission.Principal.Name}' may not open a repository to everybody: that takes the right Microsoft.ContainerRegistry/registries/write (Owner, Contributor).");
        }

        if (!await repositories.UpdateRepositoryAsync(request.Registry, request.Repository, changes, request.Caller, request.Aborted))
            throw request.UnknownRepository();
        return await FindAsync(request);
    }

    /// <summary>Deletes all that the repository holds when it is asked for.</summary>
    /// <exception cref="OciException">404: there is no such repository.</exception>
    /// <exception cref="LockedException">It is locked, or holds a tag or a manifest that is.</exception>
    public async Task<(IReadOnlyList<Digest> Manifests, IReadOnlyList<string> Tags)> DeleteAsync(ArtifactRequest request)
    {
        if (!await manifests.RepositoryExistsAsync(request.Registry, request.Repository, request.Aborted)) throw request.UnknownRepository();

        var (digests, tags) = (new List<Digest>(), new List<string>());
        RepositoryDeletionCursor? cursor = null;
        do
        {
            var step = await repositories.DeleteRepositoryStepAsync(
                request.Registry, request.Repository, cursor, time.GetUtcNow() + lifecycle.Grace, request.Caller, request.Aborted);
            digests.AddRange(step.Manifests);
            tags.AddRange(step.Tags);
            metrics.SoftDeleted(step.Restorable);
            cursor = step.Next;
        }
        while (cursor is not null);

        return (digests, tags);
    }
}

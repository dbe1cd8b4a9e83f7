using System.Net;
using Berth.Metadata;
using Berth.Oci;

namespace Berth.Registry.Tests.Lifecycle.Model;

/// <summary>What a client's acts are answered with, and what they make of a registry.</summary>
internal static class ClientActs
{
    private const Locks AgainstDeletion = Locks.Delete | Locks.Write;

    /// <summary>A push of a manifest whose blobs are there.</summary>
    public static (HttpStatusCode Status, RegistryState After) Put(RegistryState state, string name, Artifact artifact, string? tag, DateTimeOffset now)
    {
        var repository = state.Repositories[name];
        var standing = repository.Manifests.GetValueOrDefault(artifact.Digest);
        var named = tag is null ? null : repository.Tags.GetValueOrDefault(tag);
        var isMove = tag is not null && named?.Digest != artifact.Digest;
        if (isMove || !repository.IsLive(artifact.Digest))
        {
            var locks = repository.Locks | (standing?.Locks ?? Locks.None) | (isMove && named is not null ? named.Locks : Locks.None);
            if (locks.HasFlag(Locks.Write) || (isMove && named is not null && state.IsWriteOnce(tag!))) return (HttpStatusCode.Conflict, state);
        }

        if (!artifact.Children.All(repository.IsLive)) return (HttpStatusCode.BadRequest, state);
        if (state.QuarantinesPushes && state.IsNew(artifact.Digest, now))
            state = state with { Quarantined = state.Quarantined.SetItem(artifact.Digest, DateTimeOffset.MaxValue) };
        var number = repository.Manifests.Values.Select(manifest => manifest.Number).DefaultIfEmpty().Max() + 1;
        var stored = (standing ?? new Stored(artifact, now) { Number = number }) with { DeletedAt = null };
        if (tag is not null) stored = stored with { UntaggedSince = null, PushedAt = null };
        else if (!repository.TagsOf(artifact.Digest).Any()) stored = stored with { UntaggedSince = now, PushedAt = now };
        repository = repository.With(stored);
        if (!isMove) return (HttpStatusCode.Created, state.With(repository));
        if (named is not null) repository = repository.WithoutTag(tag!, isKept: false, now);
        return (HttpStatusCode.Created, state.With(repository with { Tags = repository.Tags.SetItem(tag!, new Tagged(artifact.Digest, now, named?.Locks ?? Locks.None)) }));
    }

    /// <summary>The removal of a tag.</summary>
    public static (HttpStatusCode Status, RegistryState After) Untag(RegistryState state, string name, string tag, DateTimeOffset now)
    {
        var repository = state.Repositories[name];
        if (!repository.Tags.TryGetValue(tag, out var named)) return (HttpStatusCode.NotFound, state);
        if (repository.Locks.HasFlag(Locks.Write) || (named.Locks & AgainstDeletion) != Locks.None || state.IsWriteOnce(tag)) return (HttpStatusCode.Conflict, state);
        return (HttpStatusCode.Accepted, state.With(repository.WithoutTag(tag, state.KeepsDeleted, now)));
    }

    /// <summary>The deletion of a manifest by its digest.</summary>
    public static (HttpStatusCode Status, RegistryState After) Delete(RegistryState state, string name, Digest digest, DateTimeOffset now)
    {
        var repository = state.Repositories[name];
        if (!repository.IsLive(digest)) return (HttpStatusCode.NotFound, state);
        var tags = repository.TagsOf(digest).ToList();
        var locks = repository.Manifests[digest].Locks | (repository.Locks & Locks.Write) | tags.Aggregate(Locks.None, (all, tag) => all | tag.Value.Locks);
        if ((locks & AgainstDeletion) != Locks.None || tags.Any(tag => state.IsWriteOnce(tag.Key)) || state.IsInUse(repository, digest, now)
            || repository.ParentsOf(digest).Any(parent => parent.DeletedAt is null)) return (HttpStatusCode.Conflict, state);

        state = state.WithSetApartBelow(name, digest, now);
        var isKept = state.KeepsDeleted || repository.ParentsOf(digest).Any();
        foreach (var (tag, _) in tags) repository = repository.WithoutTag(tag, isKept, now);
        repository = isKept
            ? repository.With(repository.Manifests[digest] with { DeletedAt = now, UntaggedSince = null, PushedAt = null })
            : repository with { Manifests = repository.Manifests.Remove(digest) };
        return (HttpStatusCode.Accepted, state.With(repository));
    }

    /// <summary>The deletion of a repository: of all that it holds, or of nothing.</summary>
    public static (HttpStatusCode Status, RegistryState After) DeleteRepository(RegistryState state, string name, DateTimeOffset now)
    {
        var repository = state.Repositories[name];
        var going = repository.Live.ToList();
        if (going.Count == 0) return (HttpStatusCode.NotFound, state);
        var locks = going.Aggregate(repository.Locks, (all, manifest) => all | manifest.Locks) | repository.Tags.Values.Aggregate(Locks.None, (all, tag) => all | tag.Locks);
        if ((locks & AgainstDeletion) != Locks.None || repository.Tags.Keys.Any(state.IsWriteOnce)
            || going.Any(manifest => state.IsInUse(repository, manifest.Artifact.Digest, now))) return (HttpStatusCode.Conflict, state);

        state = WithSetApartBelowAll(state, name, going, now);

        // What is listed by something that can be restored can be, too.
        bool IsKept(Digest digest) => state.KeepsDeleted || repository.Above(digest).Any(above => repository.Manifests[above].DeletedAt is not null);
        var kept = going.Select(manifest => manifest.Artifact.Digest).Where(IsKept).ToHashSet();
        foreach (var (tag, named) in repository.Tags) repository = repository.WithoutTag(tag, kept.Contains(named.Digest), now);
        foreach (var manifest in going.Select(manifest => manifest.Artifact.Digest))
        {
            repository = kept.Contains(manifest)
                ? repository.With(repository.Manifests[manifest] with { DeletedAt = now, UntaggedSince = null, PushedAt = null })
                : repository with { Manifests = repository.Manifests.Remove(manifest) };
        }

        // It begins anew: what was set of it is gone, but for what keeps others from it and for its quota.
        return (HttpStatusCode.Accepted, state.With(repository with { Locks = Locks.None }));
    }

    // One goes after the other, indexes before what they list: what is free because of an index that stands is not, once that has gone.
    private static RegistryState WithSetApartBelowAll(RegistryState state, string name, List<Stored> going, DateTimeOffset now)
    {
        var left = state;
        foreach (var digest in going.Select(manifest => manifest.Artifact.Digest))
        {
            while (left.Repositories[name] is var repository && repository.IsLive(digest))
            {
                var top = repository.Manifests[digest];
                while (repository.ParentsOf(top.Artifact.Digest).Where(parent => parent.DeletedAt is null).MinBy(parent => parent.Number) is { } above) top = above;
                left = left.WithSetApartBelow(name, top.Artifact.Digest, now);
                left = left.With(repository with
                {
                    Manifests = repository.Manifests.Remove(top.Artifact.Digest),
                    Tags = repository.Tags.RemoveRange(repository.TagsOf(top.Artifact.Digest).Select(tag => tag.Key)),
                });
            }
        }

        return state with { Quarantined = left.Quarantined };
    }

    /// <summary>The restoration of a deleted manifest with the tags that it had.</summary>
    public static (HttpStatusCode Status, RegistryState After) Restore(RegistryState state, string name, Digest digest, DateTimeOffset now)
    {
        var repository = state.Repositories[name];
        if (!repository.Manifests.TryGetValue(digest, out var root) || root.DeletedAt is not { } deletedAt) return (HttpStatusCode.NotFound, state);
        if ((repository.Locks | root.Locks).HasFlag(Locks.Write)) return (HttpStatusCode.Conflict, state);

        var tags = repository.DeletedTags.Where(tag => tag.Digest == digest && tag.At == deletedAt).Select(tag => tag.Name).ToList();
        var revived = new Dictionary<Digest, Stored>();
        var waiting = new Queue<Stored>([root]);
        while (waiting.TryDequeue(out var next))
        {
            if (!revived.TryAdd(next.Artifact.Digest, next)) continue;
            foreach (var with in DeletedWith(repository, next)) waiting.Enqueue(with);
        }

        foreach (var (_, one) in revived) repository = repository.With(one with { DeletedAt = null, UntaggedSince = now, PushedAt = now });
        foreach (var tag in tags) repository = Give(repository, tag, digest, now);
        foreach (var (tag, signature, at) in repository.DeletedTags)
        {
            var isBack = revived.TryGetValue(signature, out var with) && with.DeletedAt == at;
            if (isBack && revived.Values.Any(one => one.Artifact.SignatureTag == tag && one.DeletedAt == at)) repository = Give(repository, tag, signature, now);
        }

        return (HttpStatusCode.OK, state.With(repository));
    }

    /// <summary>The deletion for good of a deleted manifest.</summary>
    public static (HttpStatusCode Status, RegistryState After) Purge(RegistryState state, string name, Digest digest, DateTimeOffset now)
    {
        var repository = state.Repositories[name];
        if (!repository.Manifests.TryGetValue(digest, out var manifest) || manifest.DeletedAt is null) return (HttpStatusCode.NotFound, state);
        if (repository.Locks.HasFlag(Locks.Write) || state.IsInUse(repository, digest, now) || repository.ParentsOf(digest).Any()) return (HttpStatusCode.Conflict, state);
        return (HttpStatusCode.Accepted, state.With(repository with
        {
            Manifests = repository.Manifests.Remove(digest),
            DeletedTags = repository.DeletedTags.Except(repository.DeletedTags.Where(tag => tag.Digest == digest)),
        }));
    }

    /// <summary>What comes back with a manifest: what it lists, and what referred to it and was deleted in the same act.</summary>
    private static IEnumerable<Stored> DeletedWith(RepositoryState repository, Stored manifest) =>
        repository.Manifests.Values.Where(other => other.DeletedAt is { } at && (manifest.Artifact.Children.Contains(other.Artifact.Digest)
            || (at == manifest.DeletedAt && (other.Artifact.Subject == manifest.Artifact.Digest
                || repository.DeletedTags.Contains(new DeletedName(manifest.Artifact.SignatureTag, other.Artifact.Digest, at))))));

    /// <summary>Gives a manifest a deleted tag back, where it is free.</summary>
    private static RepositoryState Give(RepositoryState repository, string tag, Digest digest, DateTimeOffset now)
    {
        if (repository.Tags.ContainsKey(tag)) return repository;
        return repository.With(repository.Manifests[digest] with { UntaggedSince = null, PushedAt = null }) with
        {
            Tags = repository.Tags.SetItem(tag, new Tagged(digest, now, Locks.None)),
            DeletedTags = repository.DeletedTags.Except(repository.DeletedTags.Where(entry => entry.Name == tag && entry.Digest == digest)),
        };
    }
}

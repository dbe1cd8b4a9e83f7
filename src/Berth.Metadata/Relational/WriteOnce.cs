using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>
/// How write-once tags refuse. The rules are read in the transaction of the act, and only by one that would move or remove a tag that stands: a push of a new tag, or of
/// what the tag names already, reads none.
/// </summary>
public sealed partial class RelationalMetadataStore
{
    private const int TagsOfWalk = 5_000;

    private static readonly Sql WalkTags = new("""
        SELECT t.name, m.digest FROM tags t CROSS JOIN manifests m ON m.id = t.manifest_id
        WHERE t.repository_id = (SELECT id FROM repositories WHERE registry_id = ?1 AND name = ?2) AND t.name > ?3 ORDER BY t.name LIMIT ?4
        """);

    /// <summary>What makes the tag write-once, the strictest rule of all; null when nothing does.</summary>
    internal static WriteOnce? FindWriteOnce(List<TagRule> rules, RepositoryName repository, string tag)
    {
        WriteOnce? found = null;
        foreach (var rule in rules)
        {
            if ((found is null || (found.IsDeletable && !rule.IsDeletable)) && rule.Covers(repository, tag)) found = new WriteOnce(rule.Name, rule.IsDeletable);
        }

        return found;
    }

    /// <summary>Refuses to move write-once tags that stand to another manifest.</summary>
    /// <exception cref="LockedException">One is among the tags.</exception>
    private static void RefuseMoves(WriteScope scope, long registryId, RepositoryName repository, IReadOnlyList<TagToSet> moves)
    {
        List<TagRule>? rules = null;
        foreach (var (tag, standing) in moves)
        {
            if (standing is not { } row) continue;
            rules ??= ReadTagRules(scope.Session, registryId);
            if (FindWriteOnce(rules, repository, tag.Value) is { } writeOnce) throw Refusal(repository, tag.Value, DigestOf(scope, row.ManifestId), writeOnce);
        }
    }

    /// <summary>Refuses to remove tags of a manifest that are write-once and not deletable.</summary>
    /// <exception cref="LockedException">One is among the tags.</exception>
    private static void RefuseRemovals(List<TagRule> rules, RepositoryName repository, Digest digest, IReadOnlyList<NamedTag> tags)
    {
        if (rules.Count == 0) return;
        foreach (var tag in tags)
        {
            if (FindWriteOnce(rules, repository, tag.Name) is { IsDeletable: false } writeOnce) throw Refusal(repository, tag.Name, digest, writeOnce);
        }
    }

    /// <summary>
    /// Refuses the deletion of a repository that holds a write-once tag before anything of it is deleted. The steps of the deletion look once more, each at the tags that
    /// it would remove.
    /// </summary>
    /// <exception cref="LockedException">It holds one.</exception>
    private async Task RefuseDeletionOfWriteOnceAsync(long registryId, RepositoryName repository, CancellationToken cancellationToken)
    {
        var rules = (await ReadAsync(registryId, static (reader, id) => ReadTagRules(reader, id), cancellationToken))
            .FindAll(rule => !rule.IsDeletable && rule.Repositories.Matches(repository.Value));
        if (rules.Count == 0) return;
        for (string? after = ""; after is not null;)
        {
            after = await ReadAsync(
                (registryId, repository, after, rules),
                static (reader, walk) =>
                {
                    using var rows = reader.Use(WalkTags).Bind(walk.registryId).Bind(walk.repository.Value).Bind(walk.after).Bind(TagsOfWalk);
                    string? last = null;
                    for (var looked = 0; rows.Step(); looked++)
                    {
                        var name = rows.Text(0);
                        if (FindWriteOnce(walk.rules, walk.repository, name) is { } writeOnce) throw Refusal(walk.repository, name, rows.Digest(1), writeOnce);
                        if (looked == TagsOfWalk - 1) last = name;
                    }

                    return last;
                },
                cancellationToken);
        }
    }

    private static LockedException Refusal(RepositoryName repository, string tag, Digest digest, WriteOnce writeOnce) =>
        new(new StandingLock(repository, Reference.To(Tag.Parse(tag)), Locks.Write) { WriteOnce = writeOnce, Digest = digest });
}

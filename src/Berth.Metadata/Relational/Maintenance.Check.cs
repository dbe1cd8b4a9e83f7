namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const int SentencesPerCheck = 100;

    // Each answers with the text and the digest of what is wrong. These look at every row: verification runs them, never a request.
    private static readonly (Sql Query, string Sentence)[] Checks =
    [
        (new("""
            SELECT r.name, m.digest FROM memberships m JOIN repositories r ON r.id = m.repository_id
            WHERE NOT EXISTS (SELECT 1 FROM blobs b WHERE b.digest = m.digest)
            """),
            "Repository '{0}' is a member of blob {1}, which has no row."),
        (new("""
            SELECT r.name, e.digest FROM edges e JOIN repositories r ON r.id = e.repository_id
            WHERE e.kind = 1 AND e.may_be_absent = 0
                AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.repository_id = e.repository_id AND m.digest = e.digest)
            """),
            "A manifest of repository '{0}' names blob {1}, which is no member of it."),
        (new("""
            SELECT r.name, m.digest FROM memberships m JOIN repositories r ON r.id = m.repository_id
            WHERE m.review_at IS NULL
                AND NOT EXISTS (SELECT 1 FROM edges e WHERE e.repository_id = m.repository_id AND e.kind = 1 AND e.digest = m.digest)
            """),
            "Repository '{0}' holds blob {1}, which no manifest names and no review is due for."),
        (new("""
            SELECT b.location, b.digest FROM blobs b
            WHERE b.review_at IS NULL AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.digest = b.digest)
            """),
            "Blob {1} at '{0}' belongs to no repository and no review is due for it."),
        (new("""
            SELECT b.location, b.digest FROM blobs b WHERE EXISTS (SELECT 1 FROM discarded_locations d WHERE d.location = b.location)
            """),
            "Blob {1} is at '{0}', which is discarded."),
        (new("""
            SELECT r.name, m.digest FROM manifests m JOIN repositories r ON r.id = m.repository_id
            LEFT JOIN manifest_bytes b ON b.manifest_id = m.id WHERE b.bytes IS NULL OR length(b.bytes) <> m.size
            """),
            "Manifest {1} of repository '{0}' does not have the bytes that its row says."),
        (new("""
            SELECT r.name, NULL FROM repositories r
            WHERE (r.listed = 1) <> EXISTS (SELECT 1 FROM manifests m WHERE m.repository_id = r.id AND m.deleted_at IS NULL)
            """),
            "Repository '{0}' is listed without a manifest, or holds one and is not."),
        (new("""
            SELECT r.name, e.digest FROM edges e JOIN manifests m ON m.id = e.manifest_id JOIN repositories r ON r.id = e.repository_id
            WHERE m.repository_id <> e.repository_id
            """),
            "An edge to {1} stands in repository '{0}', its manifest in another."),
        (new("""
            SELECT r.name, m.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id JOIN repositories r ON r.id = t.repository_id
            WHERE m.repository_id <> t.repository_id
            """),
            "A tag of repository '{0}' names manifest {1} of another."),
        (new("""
            SELECT g.name, c.digest FROM (
                SELECT r.registry_id, m.digest, count(*) AS held, sum(r.id) AS ids
                FROM memberships m JOIN repositories r ON r.id = m.repository_id GROUP BY r.registry_id, m.digest) c
            JOIN registries g ON g.id = c.registry_id
            LEFT JOIN registry_blobs b ON b.registry_id = c.registry_id AND b.digest = c.digest
            WHERE b.repositories IS DISTINCT FROM c.held OR b.repository_sum IS DISTINCT FROM c.ids
            """),
            "Registry '{0}' does not count the repositories that hold blob {1} right."),
        (new("""
            SELECT g.name, b.digest FROM registry_blobs b JOIN registries g ON g.id = b.registry_id
            WHERE NOT EXISTS (
                SELECT 1 FROM memberships m JOIN repositories r ON r.id = m.repository_id
                WHERE m.digest = b.digest AND r.registry_id = b.registry_id)
            """),
            "Registry '{0}' counts blob {1}, which none of its repositories holds."),
        (new("""
            SELECT r.name, m.digest FROM tombstones d JOIN repositories r ON r.id = d.repository_id
            JOIN tags t ON t.repository_id = d.repository_id AND t.name = d.name JOIN manifests m ON m.id = t.manifest_id WHERE d.kind = 1
            """),
            "Repository '{0}' says that a tag was deleted which stands and names {1}."),
        (new("""
            SELECT r.name, m.digest FROM manifests m JOIN repositories r ON r.id = m.repository_id
            JOIN tombstones d ON d.repository_id = m.repository_id AND d.kind = 2 AND d.name =
                CASE hex(substr(m.digest, 1, 1)) WHEN '01' THEN 'sha256:' ELSE 'sha512:' END || lower(hex(substr(m.digest, 2)))
            WHERE m.deleted_at IS NULL
            """),
            "Repository '{0}' says that manifest {1} was deleted, which stands."),
        (new("""
            SELECT r.name, m.digest FROM manifests m JOIN repositories r ON r.id = m.repository_id LEFT JOIN manifest_waits w ON w.manifest_id = m.id
            WHERE w.kind IS DISTINCT FROM CASE
                    WHEN m.deleted_at IS NOT NULL THEN 2 WHEN EXISTS (SELECT 1 FROM tags t WHERE t.manifest_id = m.id) THEN NULL ELSE 1 END
                OR w.registry_id <> r.registry_id
            """),
            "Manifest {1} of repository '{0}' does not wait for its deletion as it should."),
        (new("""
            SELECT r.name, m.digest FROM manifests m JOIN repositories r ON r.id = m.repository_id JOIN tags t ON t.manifest_id = m.id WHERE m.deleted_at IS NOT NULL
            """),
            "A tag of repository '{0}' names manifest {1}, which is deleted."),
        (new("""
            SELECT r.name, NULL FROM repositories r
            WHERE (r.deleted_at IS NOT NULL) <> (
                EXISTS (SELECT 1 FROM manifests m WHERE m.repository_id = r.id AND m.deleted_at IS NOT NULL)
                OR EXISTS (SELECT 1 FROM deleted_tags d WHERE d.repository_id = r.id AND d.registry_id = r.registry_id))
            """),
            "Repository '{0}' says that something in it can be restored and nothing can, or the other way round."),
        (new("SELECT name, NULL FROM registries WHERE (scope IS NULL) <> (deleted_at IS NOT NULL)"),
            "Registry '{0}' is deleted and has a scope, or stands without one."),
        (new("""
            SELECT p.name, NULL FROM principals p LEFT JOIN registry_tokens t ON t.principal_id = p.id
            WHERE (p.kind = 'registryToken') <> (t.principal_id IS NOT NULL) OR (t.registry_id IS NOT NULL AND t.registry_id IS DISTINCT FROM p.registry_id)
            """),
            "Principal '{0}' is a token without its row, has one and is none, or belongs to another registry than its token."),
        (new("""
            SELECT p.name, NULL FROM registry_tokens t JOIN scope_maps m ON m.id = t.scope_map_id JOIN principals p ON p.id = t.principal_id
            WHERE m.registry_id <> t.registry_id
            """),
            "Token '{0}' has a scope map of another registry."),
        (new("""
            SELECT p.name, NULL FROM group_members g JOIN principals p ON p.id = g.group_id WHERE p.kind <> 'group'
            """),
            "Principal '{0}' has members and is no group."),
        (WithDeltas(UsageCheck), "The usage figures of {0} differ from a recount; storage recount names them, and puts them right with --repair."),
        (new(OwnersCheck), "The usage figures of {0} are not those of the owner's repositories; storage recount --repair puts them right."),
    ];

    /// <summary>The texts that look at every row on purpose.</summary>
    internal static IReadOnlySet<string> WholeTableChecks => Checks.Select(check => check.Query.Text)
        .Concat([ListDifferences.Text, RecountHolders.Text, ForgetHolders.Text, ForgetAllOwners.Text, RecountOwners.Text]).ToHashSet(StringComparer.Ordinal);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<string>> CheckAsync(CancellationToken cancellationToken) =>
        await Task.Run(async () => await ReadAtLengthAsync(cancellationToken, Check, cancellationToken), cancellationToken);

    private List<string> Check(Session reader, CancellationToken cancellationToken)
    {
        // Each look is a snapshot of its own: one for all would keep the log from being emptied all the while.
        var sentences = new List<string>();
        foreach (var sentence in _database.CheckFiles(reader, SentencesPerCheck)) sentences.Add(sentence);

        foreach (var (query, sentence) in Checks)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var rows = reader.Use(query);
            for (var found = 0; found < SentencesPerCheck && rows.Step(); found++)
            {
                sentences.Add(string.Format(System.Globalization.CultureInfo.InvariantCulture, sentence, rows.Text(0), rows.Digest(1)));
            }
        }

        return sentences;
    }
}

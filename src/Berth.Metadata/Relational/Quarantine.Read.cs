using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>How reads find that what they are about is set apart: in the statement that finds it.</summary>
public sealed partial class RelationalMetadataStore
{
    // Of a registry in which nothing is set apart this is all that a pull by digest, or of a blob, asks beside its own row.
    private const string AnyQuarantine = """
        EXISTS (SELECT 1 FROM security_facts q INDEXED BY security_facts_quarantine WHERE q.registry_id = ?1 AND q.kind = 'quarantine')
        """;

    // With ?4 as the time now; the end of what is over is behind it.
    private const string RepositoryIsSetApart = "(r.quarantine IS NOT NULL AND (r.quarantine_until IS NULL OR r.quarantine_until > ?4))";

    private const string QuarantineColumns = "f.value, f.until, CASE WHEN " + RepositoryIsSetApart + " THEN r.quarantine END, r.quarantine_until";

    private const string WithQuarantine = """
        LEFT JOIN security_facts f ON f.registry_id = ?1 AND f.digest = m.digest AND f.kind = 'quarantine' AND (f.until IS NULL OR f.until > ?4)
        """;

    // The manifest m and all that lists it, at any depth; what is set apart by itself is left out, with what leads to it. A digest is no part of its own content, so that the walk ends.
    private const string Ancestry = """
        WITH RECURSIVE ancestry (id, digest) AS (
            SELECT m.id, m.digest
            UNION
            SELECT p.id, p.digest FROM ancestry
            CROSS JOIN edges up ON up.repository_id = r.id AND up.kind = 2 AND up.digest = ancestry.digest CROSS JOIN manifests p ON p.id = up.manifest_id
            WHERE p.digest <> ancestry.digest AND +p.deleted_at IS NULL AND NOT EXISTS (
                SELECT 1 FROM security_facts pf WHERE pf.registry_id = ?1 AND pf.digest = p.digest AND pf.kind = 'quarantine' AND (pf.until IS NULL OR pf.until > ?4)))
        """;

    private const string IndexesOfAncestry = """
        edges up CROSS JOIN manifests p ON p.id = up.manifest_id AND p.digest <> ancestry.digest AND +p.deleted_at IS NULL
            WHERE up.repository_id = r.id AND up.kind = 2 AND up.digest = ancestry.digest
        """;

    // Something that is not set apart leads to it: a tag, or an index that nothing lists, or it is such a manifest itself. The first that is found ends the walk.
    private const string IsReachable = $"""
        EXISTS (
            {Ancestry}
            SELECT 1 FROM ancestry
            WHERE EXISTS (SELECT 1 FROM tags named WHERE named.manifest_id = ancestry.id) OR NOT EXISTS (SELECT 1 FROM {IndexesOfAncestry}))
        """;

    /// <summary>The index that sets the manifest of the row apart, which may list it through others; null when none does.</summary>
    private const string SetApartByIndex = $"""
        CASE WHEN {AnyQuarantine} AND NOT {IsReachable} THEN (
            {Ancestry}
            SELECT p.digest FROM ancestry CROSS JOIN {IndexesOfAncestry} AND EXISTS (
                SELECT 1 FROM security_facts pf WHERE pf.registry_id = ?1 AND pf.digest = p.digest AND pf.kind = 'quarantine' AND (pf.until IS NULL OR pf.until > ?4))
            LIMIT 1) END
        """;

    // A manifest that names the blob and may be pulled ends the walk; without one, any that names it. One that was deleted and can be restored frees nothing; where it is set apart, the blob still is.
    // The fact is asked for as a value: of EXISTS beside an OR, PostgreSQL may make a table of all facts.
    private const string SetApartBlob = $"""
        CASE WHEN {AnyQuarantine} AND NOT EXISTS (
            SELECT 1 FROM edges e CROSS JOIN manifests m ON m.id = e.manifest_id
            WHERE e.repository_id = r.id AND e.kind = 1 AND e.digest = ?3 AND +m.deleted_at IS NULL
                AND NOT EXISTS (
                    SELECT 1 FROM security_facts f WHERE f.registry_id = ?1 AND f.digest = m.digest AND f.kind = 'quarantine' AND (f.until IS NULL OR f.until > ?4))
                AND {IsReachable})
            THEN (SELECT m.digest FROM edges e CROSS JOIN manifests m ON m.id = e.manifest_id
                WHERE e.repository_id = r.id AND e.kind = 1 AND e.digest = ?3 AND (+m.deleted_at IS NULL OR (
                    SELECT 1 FROM security_facts f
                    WHERE f.registry_id = ?1 AND f.digest = m.digest AND f.kind = 'quarantine' AND (f.until IS NULL OR f.until > ?4)) IS NOT NULL)
                LIMIT 1) END
        """;

    private static readonly Sql HasAnyQuarantine = new($"SELECT {AnyQuarantine}");

    private static readonly Sql HasAnythingApart = new($"""
        SELECT {AnyQuarantine} OR EXISTS (SELECT 1 FROM repositories INDEXED BY repositories_quarantined WHERE registry_id = ?1 AND quarantine IS NOT NULL)
        """);

    private static readonly Sql FindQuarantine = new("SELECT value, until FROM security_facts WHERE registry_id = ?1 AND digest = ?2 AND kind = 'quarantine'");

    private static readonly Sql FindRepositoryQuarantine = new("SELECT quarantine, quarantine_until FROM repositories WHERE registry_id = ?1 AND name = ?2");

    private static readonly Sql FindSetApart = new($"""
        SELECT {AnyQuarantine} OR (r.quarantine IS NOT NULL AND (r.quarantine_until IS NULL OR r.quarantine_until > ?3)) FROM repositories r WHERE r.registry_id = ?1 AND r.name = ?2
        """);

    private static readonly Sql ListTagsToPull = new($"""
        SELECT t.name, t.locks, f.value IS NOT NULL OR {RepositoryIsSetApart} FROM tags t
        CROSS JOIN repositories r ON r.id = t.repository_id
        CROSS JOIN manifests m ON m.id = t.manifest_id
        {WithQuarantine}
        WHERE t.repository_id = (SELECT o.id FROM repositories o WHERE o.registry_id = ?1 AND o.name = ?2 AND o.listed = 1) AND t.name > ?3 ORDER BY t.name LIMIT ?5
        """);

    /// <summary>Whether a manifest m, or its repository r, is set apart at a time.</summary>
    /// <param name="now">The parameter that is bound to the time.</param>
    internal static string QuarantinedAt(string now) => $"""
        ((r.quarantine IS NOT NULL AND (r.quarantine_until IS NULL OR r.quarantine_until > {now})) OR EXISTS (
            SELECT 1 FROM security_facts f
            WHERE f.registry_id = r.registry_id AND f.digest = m.digest AND f.kind = 'quarantine' AND (f.until IS NULL OR f.until > {now})))
        """;

    /// <inheritdoc/>
    public ValueTask<Quarantine?> FindRepositoryQuarantineAsync(long registryId, RepositoryName repository, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository, Now: NowMilliseconds),
            static (reader, of) =>
            {
                using var row = reader.Use(FindRepositoryQuarantine).Bind(of.registryId).Bind(of.repository.Value);
                return row.Step() && !row.IsNull(0) && Stands(row.Int64OrNull(1), of.Now) ? QuarantineText.Read(row.Text(0), row.TimeOrNull(1)) : null;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyDictionary<Digest, Quarantine>> FindQuarantinesAsync(
        long registryId, IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) =>
        ReadAsync<(long, IReadOnlyCollection<Digest>, long), IReadOnlyDictionary<Digest, Quarantine>>(
            (registryId, digests, NowMilliseconds),
            static (reader, of) =>
            {
                var (registry, digests, now) = of;
                var found = new Dictionary<Digest, Quarantine>();
                if (!HasQuarantine(reader, registry)) return found;
                foreach (var digest in digests)
                {
                    using var row = reader.Use(FindQuarantine).Bind(registry).Bind(digest);
                    if (!row.Step()) continue;
                    var quarantine = QuarantineText.Read(row.Text(0), row.TimeOrNull(1));
                    if (!quarantine.SetsApart || Stands(row.Int64OrNull(1), now)) found[digest] = quarantine;
                }

                return found;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<string>?> ListTagsToPullAsync(
        long registryId, RepositoryName repository, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository, after, limit, Now: NowMilliseconds),
            static (reader, list) =>
            {
                if (!MaySetApart(reader, list.registryId, list.repository, list.Now)) return ReadTagNames(reader, list.registryId, list.repository, list.after, list.limit);

                using var rows = reader.Use(ListTagsToPull).Bind(list.registryId).Bind(list.repository.Value).Bind(list.after ?? "").Bind(list.Now)
                    .Bind(ListedRows.Most(list.limit) + 1);
                return ReadTags(
                    rows, list.after, list.limit, static rows => (rows.Text(0), ListedRows.AreHidden(rows.Int64(1)) || rows.Bool(2) ? null : rows.Text(0)))
                    ?? NoTags<string>(reader, list.registryId, list.repository);
            },
            cancellationToken);

    private long NowMilliseconds => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private static bool Stands(long? until, long now) => until is null || until > now;

    /// <summary>Whether a digest or a repository of the registry may be set apart; where not, no manifest is.</summary>
    internal static bool SetsApart(Session session, long registryId)
    {
        using var row = session.Use(HasAnythingApart).Bind(registryId);
        return row.Step() && row.Bool(0);
    }

    private static bool HasQuarantine(Session session, long registryId)
    {
        using var row = session.Use(HasAnyQuarantine).Bind(registryId);
        return row.Step() && row.Bool(0);
    }

    private static bool MaySetApart(Session session, long registryId, RepositoryName repository, long now)
    {
        using var row = session.Use(FindSetApart).Bind(registryId).Bind(repository.Value).Bind(now);
        return row.Step() && row.Bool(0);
    }

    private static Quarantine? ReadQuarantine(Session session, long registryId, Digest digest)
    {
        using var row = session.Use(FindQuarantine).Bind(registryId).Bind(digest);
        return row.Step() ? QuarantineText.Read(row.Text(0), row.TimeOrNull(1)) : null;
    }
}

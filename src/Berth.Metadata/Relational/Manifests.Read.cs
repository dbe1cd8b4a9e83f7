using System.Globalization;
using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string ByTag = """
        FROM repositories r
        CROSS JOIN tags t ON t.repository_id = r.id AND t.name = ?3
        CROSS JOIN manifests m ON m.id = t.manifest_id
        """;

    private const string ByDigest = """
        FROM repositories r
        CROSS JOIN manifests m ON m.repository_id = r.id AND m.digest = ?3
        """;

    private const string WithBytes = "CROSS JOIN manifest_bytes b ON b.manifest_id = m.id";

    private const string OfRepository = "WHERE r.registry_id = ?1 AND r.name = ?2 AND m.deleted_at IS NULL AND m.damaged = 0";

    // A value, not a join: the list is then a range of one index, which both databases know to be in order.
    private const string InRepository =
        "WHERE m.repository_id = (SELECT o.id FROM repositories o WHERE o.registry_id = ?1 AND o.name = ?2) AND m.deleted_at IS NULL AND m.damaged = 0";

    private const string ReferrerColumns = "SELECT m.id, m.digest, m.media_type, m.size, m.artifact_type, m.annotations, m.locks, r.locks";

    private const string ServedColumns = "m.digest, m.media_type, m.size, m.subject, r.locks, m.locks";

    private static readonly Sql FindByTag = new($"SELECT {ServedColumns}, t.locks, {QuarantineColumns}, NULL {ByTag} {WithQuarantine} {OfRepository}");

    private static readonly Sql FindByTagWithBytes = new(
        $"SELECT {ServedColumns}, t.locks, {QuarantineColumns}, NULL, b.bytes {ByTag} {WithBytes} {WithQuarantine} {OfRepository}");

    private static readonly Sql FindByDigest = new(
        $"SELECT {ServedColumns}, 0, {QuarantineColumns}, {SetApartByIndex} {ByDigest} {WithQuarantine} {OfRepository}");

    private static readonly Sql FindByDigestWithBytes = new(
        $"SELECT {ServedColumns}, 0, {QuarantineColumns}, {SetApartByIndex}, b.bytes {ByDigest} {WithBytes} {WithQuarantine} {OfRepository}");

    private static readonly Sql ListReferrers = new($"""
        {ReferrerColumns} FROM manifests m CROSS JOIN repositories r ON r.id = m.repository_id
        {InRepository} AND m.subject = ?3 AND m.id > ?4 ORDER BY m.id LIMIT ?5
        """);

    private static readonly Sql ListReferrersOfType = new($"""
        {ReferrerColumns} FROM manifests m CROSS JOIN repositories r ON r.id = m.repository_id
        {InRepository} AND m.subject = ?3 AND m.id > ?4 AND m.artifact_type = ?6 ORDER BY m.id LIMIT ?5
        """);

    private static readonly Sql FindSubject = new($"""
        SELECT m.subject FROM manifests m {InRepository} AND m.subject BETWEEN ?3 AND ?4 ORDER BY m.subject LIMIT 1
        """);

    /// <inheritdoc/>
    public ValueTask<ManifestRecord?> FindManifestAsync(
        long registryId, RepositoryName repository, Reference reference, bool withBytes, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository, reference, withBytes, Now: NowMilliseconds),
            static (reader, of) => ReadManifest(reader, of.registryId, of.repository, of.reference, of.withBytes, of.Now),
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<ReferrerRecord>> ListReferrersAsync(
        long registryId, RepositoryName repository, Digest subject, string? artifactType, long after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository, subject, artifactType, after, limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(list.artifactType is null ? ListReferrers : ListReferrersOfType)
                    .Bind(list.registryId).Bind(list.repository.Value).Bind(list.subject).Bind(list.after).Bind(ListedRows.Most(list.limit) + 1L);
                if (list.artifactType is not null) rows.Bind(list.artifactType);
                var annotations = 0L;
                return ListedRows.ReadPage(
                    rows, onRow: false, list.limit, list.after.ToString(CultureInfo.InvariantCulture),
                    row =>
                    {
                        var referrer = ToReferrer(row, list.repository);
                        annotations += referrer?.Annotations?.Length ?? 0;
                        return (row.Int64(0).ToString(CultureInfo.InvariantCulture), referrer);
                    },
                    () => annotations >= ReferrerRecord.MaxAnnotationsOfPage);
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Digest?> FindSubjectAsync(
        long registryId, RepositoryName repository, Digest first, Digest last, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository, first, last),
            static (reader, range) =>
            {
                using var row = reader.Use(FindSubject).Bind(range.registryId).Bind(range.repository.Value).Bind(range.first).Bind(range.last);
                return row.Step() ? row.Digest(0) : (Digest?)null;
            },
            cancellationToken);

    // Null for one that lists leave out, and for one that must not be pulled: its annotations are its content.
    private static ReferrerRecord? ToReferrer(Statement row, RepositoryName repository)
    {
        if (((Locks)row.Int64(7)).HasFlag(Locks.Read)) throw new LockedException(new StandingLock(repository, null, Locks.Read));
        if (ListedRows.AreHidden(row.Int64(6)) || ((Locks)row.Int64(6)).HasFlag(Locks.Read)) return null;
        return new ReferrerRecord(row.Int64(0), row.Digest(1), row.Text(2), row.Int64(3), row.TextOrNull(4), row.TextOrNull(5));
    }

    private static ManifestRecord? ReadManifest(
        Session reader, long registryId, RepositoryName repository, Reference reference, bool withBytes, long now)
    {
        var sql = (reference.IsDigest, withBytes) switch
        {
            (true, true) => FindByDigestWithBytes,
            (true, false) => FindByDigest,
            (false, true) => FindByTagWithBytes,
            (false, false) => FindByTag,
        };
        using var row = reader.Use(sql).Bind(registryId).Bind(repository.Value);
        _ = reference.IsDigest ? row.Bind(reference.Digest) : row.Bind(reference.Tag.Value);
        row.Bind(now);
        if (!row.Step()) return null;

        var digest = reference.IsDigest ? reference.Digest : row.Digest(0);
        return new ManifestRecord(digest, row.Text(1), row.Int64(2), row.Digest(3), withBytes ? row.BytesOrNull(12) : null)
        {
            RepositoryLocks = (Locks)row.Int64(4),
            Locks = (Locks)row.Int64(5),
            TagLocks = (Locks)row.Int64(6),
            SetApart = ReadSetApart(reader, registryId, row, digest),
        };
    }

    private static SetApart? ReadSetApart(Session session, long registryId, Statement row, Digest digest)
    {
        if (!row.IsNull(9)) return new SetApart(default, QuarantineText.Read(row.Text(9), row.TimeOrNull(10)));
        if (!row.IsNull(7)) return new SetApart(digest, QuarantineText.Read(row.Text(7), row.TimeOrNull(8)));
        return row.Digest(11) is { IsDefault: false } index && ReadQuarantine(session, registryId, index) is { } of ? new SetApart(index, of) : null;
    }
}

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

    private const string OfRepository = "WHERE r.registry_id = ?1 AND r.name = ?2 AND +m.deleted_at IS NULL AND m.damaged = 0";

    // A value, not a join: the list is then a range of one index, which both databases know to be in order.
    private const string InRepository =
        "WHERE m.repository_id = (SELECT o.id FROM repositories o WHERE o.registry_id = ?1 AND o.name = ?2) AND m.deleted_at IS NULL AND m.damaged = 0";

    private const string ReferrerColumns = "SELECT m.id, m.digest, m.media_type, m.size, m.artifact_type, m.annotations, m.locks, r.locks";

    private const string ServedColumns = "m.digest, m.media_type, m.size, m.subject, r.locks, m.locks";

    // A tag leads to the manifest, whatever else lists it.
    private static readonly Sql FindByTag = Served(ByTag, "NULL", "", "");

    private static readonly Sql FindByTagWithBytes = Served(ByTag, "NULL", "", WithBytes);

    private static readonly Sql FindByTagForPull = Served(ByTag, "NULL", EpochColumns, WithBytes);

    private static readonly Sql FindByTagForHead = Served(ByTag, "NULL", EpochColumns, "");

    private static readonly Sql FindByDigest = Served(ByDigest, SetApartByIndex, "", "");

    private static readonly Sql FindByDigestWithBytes = Served(ByDigest, SetApartByIndex, "", WithBytes);

    private static readonly Sql FindByDigestForPull = Served(ByDigest, AnyQuarantine, EpochColumns, WithBytes);

    private static readonly Sql FindByDigestForHead = Served(ByDigest, AnyQuarantine, EpochColumns, "");

    private static readonly Sql FindByDigestForPullOfQuarantined = Served(ByDigest, SetApartByIndex, EpochColumns, WithBytes);

    private static readonly Sql FindByDigestForHeadOfQuarantined = Served(ByDigest, SetApartByIndex, EpochColumns, "");

    private static readonly LookUp<ManifestPull, WithEpochs<ManifestRecord>> PulledManifest = new(
        static pull => (pull.Reference.IsDigest, pull.WithBytes, pull.Asks) switch
        {
            (true, true, true) => FindByDigestForPullOfQuarantined,
            (true, false, true) => FindByDigestForHeadOfQuarantined,
            (true, true, false) => FindByDigestForPull,
            (true, false, false) => FindByDigestForHead,
            (false, true, _) => FindByTagForPull,
            (false, false, _) => FindByTagForHead,
        },
        static (row, pull) => BindReference(row.Bind(pull.RegistryId).Bind(pull.Repository.Value), pull.Reference).Bind(pull.Now).Bind(pull.PrincipalId),
        ReadPulled);

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
    public ValueTask<WithEpochs<ManifestRecord>> FindManifestAsync(
        long principalId, long registryId, RepositoryName repository, Reference reference, bool withBytes, CancellationToken cancellationToken) =>
        LookUpAsync(PulledManifest, new ManifestPull(principalId, registryId, repository, reference, withBytes, NowMilliseconds, _quarantined, _quarantined.Has(registryId)), cancellationToken);

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

    private static Sql Served(string from, string apart, string epochs, string bytes)
    {
        var columns = $"{ServedColumns}, {(from == ByTag ? "t.locks" : "0")}, {QuarantineColumns}, {apart}";
        if (epochs.Length > 0) columns += $", {epochs}";
        if (bytes.Length > 0) columns += ", b.bytes";
        return new Sql($"SELECT {columns} {from} {bytes} {WithQuarantine} {OfRepository}");
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
        using var row = BindReference(reader.Use(sql).Bind(registryId).Bind(repository.Value), reference).Bind(now);
        return row.Step() ? ToServed(reader, row, registryId, reference, row.Digest(11), withBytes ? row.BytesOrNull(12) : null) : null;
    }

    private static WithEpochs<ManifestRecord> ReadPulled(Session session, Statement row, ManifestPull pull)
    {
        if (!row.Step()) return new(null, ReadEpochsOf(session, pull.PrincipalId, pull.RegistryId));
        var tells = pull.Asks || !pull.Reference.IsDigest;
        if (!tells && row.Bool(11))
        {
            pull.Quarantined.Add(pull.RegistryId);
            return PulledManifest.Run(session, pull with { Asks = true });
        }

        var epochs = new SecurityEpochs(row.Int64(12), row.Int64(13));
        return new(ToServed(session, row, pull.RegistryId, pull.Reference, tells ? row.Digest(11) : default, pull.WithBytes ? row.BytesOrNull(14) : null), epochs);
    }

    private static Statement BindReference(Statement statement, Reference reference) =>
        reference.IsDigest ? statement.Bind(reference.Digest) : statement.Bind(reference.Tag.Value);

    private static ManifestRecord ToServed(Session reader, Statement row, long registryId, Reference reference, Digest apartWith, byte[]? bytes)
    {
        var digest = reference.IsDigest ? reference.Digest : row.Digest(0);
        return new ManifestRecord(digest, row.Text(1), row.Int64(2), row.Digest(3), bytes)
        {
            RepositoryLocks = (Locks)row.Int64(4),
            Locks = (Locks)row.Int64(5),
            TagLocks = (Locks)row.Int64(6),
            SetApart = ReadSetApart(reader, registryId, row, digest, apartWith),
        };
    }

    private static SetApart? ReadSetApart(Session session, long registryId, Statement row, Digest digest, Digest apartWith)
    {
        if (!row.IsNull(9)) return new SetApart(default, QuarantineText.Read(row.Text(9), row.TimeOrNull(10)));
        if (!row.IsNull(7)) return new SetApart(digest, QuarantineText.Read(row.Text(7), row.TimeOrNull(8)));
        return !apartWith.IsDefault && ReadQuarantine(session, registryId, apartWith) is { } of ? new SetApart(apartWith, of) : null;
    }

    /// <param name="PrincipalId">Who pulls.</param>
    /// <param name="RegistryId">From where.</param>
    /// <param name="Repository">From which repository.</param>
    /// <param name="Reference">What.</param>
    /// <param name="WithBytes">Whether its bytes are wanted.</param>
    /// <param name="Now">The time, in milliseconds.</param>
    /// <param name="Quarantined">Is told of registries where something is set apart.</param>
    /// <param name="Asks">Whether the statement asks which index sets the manifest apart, and not only whether anything is set apart there.</param>
    private readonly record struct ManifestPull(
        long PrincipalId, long RegistryId, RepositoryName Repository, Reference Reference, bool WithBytes, long Now, QuarantinedRegistries Quarantined, bool Asks);
}

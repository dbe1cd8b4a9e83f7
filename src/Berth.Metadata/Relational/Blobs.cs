using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    // What sets the blob apart comes behind it.
    private const string BlobColumns = $"""
        b.size, b.location, b.state, r.id, s.lease_until,
            EXISTS (SELECT 1 FROM edges e WHERE e.repository_id = r.id AND e.kind = 1 AND e.digest = ?3), r.locks,
            CASE WHEN {RepositoryIsSetApart} THEN r.quarantine END, r.quarantine_until
        """;

    // A value, not a join: PostgreSQL would look at every membership of a digest that thousands of repositories may hold, and compare their repositories.
    private const string OfBlob = """
        FROM repositories r
        CROSS JOIN memberships s ON s.repository_id = r.id AND s.digest = ?3
        CROSS JOIN blobs b ON b.digest = s.digest
        WHERE r.id = (SELECT o.id FROM repositories o WHERE o.registry_id = ?1 AND o.name = ?2)
        """;

    private static readonly Sql FindBlob = new($"SELECT {BlobColumns}, {SetApartBlob} {OfBlob}");

    private static readonly Sql FindBlobForPull = new($"SELECT {BlobColumns}, {AnyQuarantine}, {EpochColumns} {OfBlob}");

    private static readonly Sql FindBlobForPullOfQuarantined = new($"SELECT {BlobColumns}, {SetApartBlob}, {EpochColumns} {OfBlob}");

    private static readonly LookUp<BlobPull, WithEpochs<BlobRecord>> PulledBlob = new(
        static pull => pull.Asks ? FindBlobForPullOfQuarantined : FindBlobForPull,
        static (row, pull) => row.Bind(pull.RegistryId).Bind(pull.Repository.Value).Bind(pull.Digest).Bind(pull.Now).Bind(pull.PrincipalId),
        ReadPulled);

    // A manifest that stands, as far as one is among the first that name the blob.
    private static readonly Sql FindNamingManifest = new("""
        SELECT m.digest, m.deleted_at + g.soft_delete_days * 86400000 FROM edges e
        CROSS JOIN manifests m ON m.id = e.manifest_id CROSS JOIN repositories r ON r.id = m.repository_id CROSS JOIN registries g ON g.id = r.registry_id
        WHERE e.repository_id = ?1 AND e.kind = 1 AND e.digest = ?2 LIMIT 100
        """);

    private static readonly Sql QueueBlob = new("UPDATE blobs SET review_at = ?2 WHERE digest = ?1");

    private static readonly Sql DamageBlob = new("UPDATE blobs SET state = 1 WHERE digest = ?1 AND location = ?2 AND state = 0");

    private static readonly Sql ReviveBlob = new("UPDATE blobs SET state = 0, verified_at = ?3 WHERE digest = ?1 AND location = ?2 AND state = 1");

    /// <inheritdoc/>
    public ValueTask<BlobRecord?> FindBlobAsync(long registryId, RepositoryName repository, Digest digest, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository, digest, Now: NowMilliseconds),
            static (reader, of) => ReadBlob(reader, of.registryId, of.repository, of.digest, of.Now),
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<WithEpochs<BlobRecord>> FindBlobAsync(
        long principalId, long registryId, RepositoryName repository, Digest digest, CancellationToken cancellationToken) =>
        LookUpAsync(PulledBlob, new BlobPull(principalId, registryId, repository, digest, NowMilliseconds, _quarantined, _quarantined.Has(registryId)), cancellationToken);

    /// <inheritdoc/>
    public Task<BlobRecord?> RenewBlobAsync(
        long registryId, RepositoryName repository, Digest digest, DateTimeOffset leaseUntil, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            var blob = ReadBlob(scope.Session, registryId, repository, digest, scope.Now);
            if (blob is null || blob.State != BlobState.Live) return null;
            if (blob.Referenced || blob.LeaseUntil >= leaseUntil) return blob;

            scope.Use(QueueMembership).Bind(blob.RepositoryId).Bind(digest).Bind(leaseUntil).Tell();
            return ReadBlob(scope.Session, registryId, repository, digest, scope.Now);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<BlobRecord?> MountBlobAsync(
        long registryId, RepositoryName repository, Digest digest, RepositoryName? from, IReadOnlyList<NameRange> readable,
        DateTimeOffset leaseUntil, Caller caller, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            if (FindRepositoryRow(scope, registryId, repository) is { } target) Refuse(target.Locks, Locks.Write, repository);
            var source = from is { } named ? named : FindHolder(scope, registryId, repository, digest, readable);
            if (source is not { } holder) return null;

            var blob = ReadBlob(scope.Session, registryId, holder, digest, scope.Now);
            if (blob is null || blob.State != BlobState.Live || blob.RepositoryLocks.HasFlag(Locks.Read) || blob.SetApart is not null) return null;

            var repositoryId = EnsureRepository(scope, registryId, repository).Id;
            JoinOrExtend(scope, registryId, repositoryId, digest, blob.Size, leaseUntil, caller);
            scope.Append(
                new LedgerEntry(LedgerKinds.BlobMounted, registryId, repository.Value, Digest: digest, Payload: $$"""{"from":"{{holder.Value}}"}"""), caller);
            return ReadBlob(scope.Session, registryId, repository, digest, scope.Now);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<DeleteResult> DeleteBlobAsync(
        long registryId, RepositoryName repository, Digest digest, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            var blob = ReadBlob(scope.Session, registryId, repository, digest, scope.Now);
            if (blob is null) return new DeleteResult(DeleteOutcome.Unknown);
            Refuse(blob.RepositoryLocks, Locks.Write, repository);
            if (blob.Referenced) return FindHoldingManifest(scope, blob.RepositoryId, digest);

            if (Leave(scope, registryId, blob.RepositoryId, digest, blob.Size)) scope.Use(QueueBlob).Bind(digest).Bind(scope.Now).Tell();
            scope.Append(new LedgerEntry(LedgerKinds.BlobDeleted, registryId, repository.Value, Digest: digest), caller);
            return new DeleteResult(DeleteOutcome.Deleted);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> MarkDamagedAsync(Digest digest, string location, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (scope.Use(DamageBlob).Bind(digest).Bind(location).Execute() == 0) return false;
            scope.Append(new LedgerEntry(LedgerKinds.BlobDamaged, Digest: digest), Caller.System);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> MarkLiveAsync(Digest digest, string location, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (scope.Use(ReviveBlob).Bind(digest).Bind(location).Bind(scope.Now).Execute() == 0) return false;
            scope.Append(new LedgerEntry(LedgerKinds.BlobHealed, Digest: digest, Payload: """{"verified":true}"""), Caller.System);
            return true;
        },
        cancellationToken);

    private static BlobRecord? ReadBlob(Session session, long registryId, RepositoryName repository, Digest digest, long now)
    {
        using var row = session.Use(FindBlob).Bind(registryId).Bind(repository.Value).Bind(digest).Bind(now);
        return row.Step() ? ToBlob(session, row, registryId, digest, row.Digest(9)) : null;
    }

    private static WithEpochs<BlobRecord> ReadPulled(Session session, Statement row, BlobPull pull)
    {
        if (!row.Step()) return new(null, ReadEpochsOf(session, pull.PrincipalId, pull.RegistryId));
        if (!pull.Asks && row.Bool(9))
        {
            pull.Quarantined.Add(pull.RegistryId);
            return PulledBlob.Run(session, pull with { Asks = true });
        }

        return new(ToBlob(session, row, pull.RegistryId, pull.Digest, pull.Asks ? row.Digest(9) : default), new SecurityEpochs(row.Int64(10), row.Int64(11)));
    }

    private static BlobRecord ToBlob(Session session, Statement row, long registryId, Digest digest, Digest apartWith)
    {
        SetApart? setApart = null;
        if (!row.IsNull(7)) setApart = new SetApart(default, QuarantineText.Read(row.Text(7), row.TimeOrNull(8)));
        else if (!apartWith.IsDefault)
            setApart = new SetApart(apartWith, ReadQuarantine(session, registryId, apartWith) ?? new Quarantine(QuarantineState.Quarantined, null, null));
        return new BlobRecord(digest, row.Int64(0), row.Text(1), (BlobState)row.Int64(2), row.Int64(3), row.Time(4), row.Bool(5))
        {
            RepositoryLocks = (Locks)row.Int64(6),
            SetApart = setApart,
        };
    }

    private static DeleteResult FindHoldingManifest(WriteScope scope, long repositoryId, Digest blob)
    {
        var held = new DeleteResult(DeleteOutcome.Held);
        using var rows = scope.Use(FindNamingManifest).Bind(repositoryId).Bind(blob);
        while (rows.Step())
        {
            held = held with { Holder = rows.Digest(0), HeldUntil = rows.TimeOrNull(1) };
            if (held.HeldUntil is null) break;
        }

        return held;
    }

    private static Digest FindDigest(Session session, Sql sql, long repositoryId, Digest digest)
    {
        using var row = session.Use(sql).Bind(repositoryId).Bind(digest);
        return row.Step() ? row.Digest(0) : default;
    }

    /// <param name="PrincipalId">Who pulls.</param>
    /// <param name="RegistryId">From where.</param>
    /// <param name="Repository">From which repository.</param>
    /// <param name="Digest">What.</param>
    /// <param name="Now">The time, in milliseconds.</param>
    /// <param name="Quarantined">Is told of registries where something is set apart.</param>
    /// <param name="Asks">Whether the statement asks what sets the blob apart, and not only whether anything is set apart there.</param>
    private readonly record struct BlobPull(
        long PrincipalId, long RegistryId, RepositoryName Repository, Digest Digest, long Now, QuarantinedRegistries Quarantined, bool Asks);
}

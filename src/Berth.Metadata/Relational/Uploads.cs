using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    // Milliseconds.
    private const int ProgressStep = 1_000;

    private const string UploadFields = """
        SELECT u.id, u.registry_id, u.repository_id, r.name, u.principal_id, u.location, u.state, u.epoch, u.writer_until, u.algorithm, u."offset",
            u.hash_state, u.digest, u.expires_at, u.created_at, r.locks, u.reserved, u.repository_reserved,
            r.quota IS NOT NULL OR (SELECT g.quota FROM registries g WHERE g.id = r.registry_id) IS NOT NULL, u.multipart_id
        """;

    private const string UploadColumns = $"""
        {UploadFields}
        FROM uploads u CROSS JOIN repositories r ON r.id = u.repository_id
        """;

    // The same of a row that a statement changed: what it says of the repository are look-ups of their own, since SQLite's RETURNING knows no other table.
    private const string ChangedUploadColumns = """
        id, registry_id, repository_id, (SELECT r.name FROM repositories r WHERE r.id = uploads.repository_id), principal_id, location, state, epoch, writer_until, algorithm, "offset",
            hash_state, digest, expires_at, created_at, (SELECT r.locks FROM repositories r WHERE r.id = uploads.repository_id), reserved, repository_reserved,
            (SELECT r.quota IS NOT NULL OR (SELECT g.quota FROM registries g WHERE g.id = r.registry_id) IS NOT NULL FROM repositories r WHERE r.id = uploads.repository_id), multipart_id
        """;

    private static readonly Sql InsertUpload = new("""
        INSERT INTO uploads (id, registry_id, repository_id, principal_id, location, state, epoch, writer_node, writer_until, algorithm, "offset",
            created_at, progress_at, expires_at, reserved, repository_reserved)
        VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8, ?9, 0, ?10, ?10, ?11, ?12, ?13)
        """);

    // ?1 the registry, ?4 the repository, ?5 the principal; the digest ?3 is what is to be stored.
    // "+state": a condition that no partial index can match, here and wherever else a row is named by its key. The planner would rather read a whole index of which it believes that it holds few
    // rows, and a serializable transaction then conflicts with every change of any of them.
    private static readonly Sql FindUploadToFinish = new($"""
        {UploadFields}, {EpochColumns}, b.size, b.location, b.state, r.id
        FROM repositories r LEFT JOIN uploads u ON u.id = ?2 AND +u.repository_id = r.id LEFT JOIN blobs b ON b.digest = ?3
        WHERE r.registry_id = ?1 AND r.name = ?4
        """);

    private static readonly Sql FindOpen = new("""
        SELECT r.id, r.locks, r.quota IS NOT NULL OR (SELECT g.quota FROM registries g WHERE g.id = ?1) IS NOT NULL,
            (SELECT who.epoch FROM principals who WHERE who.id = ?3 AND who.enabled = 1),
            (SELECT own.epoch + (SELECT security_epoch FROM installation) FROM registries own WHERE own.id = ?1 AND own.deleted_at IS NULL)
        FROM repositories r WHERE r.registry_id = ?1 AND r.name = ?2
        """);

    private static readonly LookUp<(long Principal, long Registry, string Repository), WithEpochs<OpenRepository>> OpenRepositories = new(
        static _ => FindOpen,
        static (row, find) => row.Bind(find.Registry).Bind(find.Repository).Bind(find.Principal),
        static (session, row, find) =>
        {
            if (!row.Step()) return new WithEpochs<OpenRepository>(null, ReadEpochsOf(session, find.Principal, find.Registry));
            return new WithEpochs<OpenRepository>(ToOpen(row.Int64(0), row, 1, 2), new SecurityEpochs(row.Int64(3), row.Int64(4)));
        });

    private static readonly LookUp<UploadToFinish, WithEpochs<FoundUpload>> ToFinish = new(
        static _ => FindUploadToFinish,
        static (row, find) => row.Bind(find.RegistryId).Bind(find.Id).Bind(find.Digest).Bind(find.Repository.Value).Bind(find.PrincipalId),
        static (session, row, find) => row.Step()
            ? new WithEpochs<FoundUpload>(
                new FoundUpload(ToOpen(row.Int64(25), row, 15, 18), row.IsNull(0) ? null : ToUpload(row), ToStored(row, find.Digest, 22)), new SecurityEpochs(row.Int64(20), row.Int64(21)))
            : new WithEpochs<FoundUpload>(null, ReadEpochsOf(session, find.PrincipalId, find.RegistryId)));

    private static readonly Sql ReadUpload = new($"{UploadColumns} WHERE u.id = ?1");

    private static readonly Sql ListUploads = new($"{UploadColumns} WHERE u.id > ?1 AND u.state < 2 ORDER BY u.id LIMIT ?2");

    private static readonly Sql CountOpenUploads = new("SELECT count(*) FROM uploads WHERE registry_id = ?1 AND state < 2");

    private static readonly Sql CountOpenUploadsOfPrincipal = new(
        "SELECT count(*) FROM uploads WHERE registry_id = ?1 AND principal_id = ?2 AND state < 2");

    // Progress is told to a second, for PostgreSQL's sake: a row is changed where it lies, without an entry in each of its indexes, only where no indexed column changes.
    private static readonly string Take = $"""
        UPDATE uploads SET epoch = epoch + 1, writer_node = ?3, writer_until = ?4,
            progress_at = CASE WHEN progress_at > ?5 - {ProgressStep} AND progress_at <= ?5 THEN progress_at ELSE ?5 END
        """;

    // A writer lives only in the process that took the session, and until its lease ends. Another node's is gone with that node; was it only cut off, then its epoch is over when it is back, and
    // what it still writes into the store counts for nothing.
    private const string IsFree = "(writer_until IS NULL OR writer_until <= ?5 OR writer_node IS DISTINCT FROM ?3)";

    private static readonly string IsFreeOfNodes = $"""
        (writer_until IS NULL OR writer_until <= ?5
            OR (writer_node NOT IN ('{AnyNode}', ?3) AND NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = uploads.writer_node AND n.seen_at > ?5 - {(long)NodeRecord.Silence.TotalMilliseconds})))
        """;

    private static readonly Sql AcquireUpload = new(
        $"{Take} WHERE id = ?1 AND epoch = ?2 AND +state = 0 AND {IsFree} RETURNING {ChangedUploadColumns}",
        postgres: $"{Take} WHERE id = ?1 AND epoch = ?2 AND +state = 0 AND {IsFreeOfNodes} RETURNING {ChangedUploadColumns}");

    // ?2 the registry, ?6 the repository, ?7 the principal with its epoch ?8 and the registry's ?9; the digest ?10 is what is to be stored, ?11 where the session must stand.
    private const string IsTheCallers = """
        id = ?1 AND registry_id = ?2 AND +state = 0 AND principal_id = ?7 AND (CAST(?11 AS BIGINT) IS NULL OR "offset" = ?11)
            AND EXISTS (SELECT 1 FROM repositories r WHERE r.id = uploads.repository_id AND r.name = ?6)
            AND (SELECT who.epoch FROM principals who WHERE who.id = ?7 AND who.enabled = 1) = ?8
            AND (SELECT own.epoch + (SELECT security_epoch FROM installation) FROM registries own WHERE own.id = ?2 AND own.deleted_at IS NULL) = ?9
        """;

    private const string TakenColumns = $"""
        {ChangedUploadColumns}, (SELECT b.size FROM blobs b WHERE b.digest = ?10), (SELECT b.location FROM blobs b WHERE b.digest = ?10), (SELECT b.state FROM blobs b WHERE b.digest = ?10)
        """;

    private static readonly Sql TakeUpload = new(
        $"{Take} WHERE {IsTheCallers} AND {IsFree} RETURNING {TakenColumns}", postgres: $"{Take} WHERE {IsTheCallers} AND {IsFreeOfNodes} RETURNING {TakenColumns}");

    private static readonly Sql TouchUpload = new("""
        UPDATE uploads SET writer_until = ?3, expires_at = ?4, progress_at = ?5 WHERE id = ?1 AND epoch = ?2 AND +state < 2
        """);

    private static readonly Sql RecordUpload = new("""
        UPDATE uploads SET "offset" = ?3, algorithm = ?4, hash_state = ?5, expires_at = ?6, progress_at = ?7, multipart_id = ?8, writer_node = NULL, writer_until = NULL
        WHERE id = ?1 AND epoch = ?2 AND +state < 2
        RETURNING reserved > 0 OR repository_reserved > 0
        """);

    // A writer at work keeps its hold: it may be about to create the location's file, which nobody would find once the row is forgotten.
    private static readonly Sql AbortUpload = new("""
        UPDATE uploads SET state = 3, epoch = epoch + 1, hash_state = NULL WHERE id = ?1 AND +state < 2 AND (CAST(?2 AS BIGINT) IS NULL OR epoch = ?2)
        """);

    private static readonly Sql InsertEndedUpload = new("""
        INSERT INTO uploads (id, registry_id, repository_id, principal_id, location, state, epoch, algorithm, "offset", created_at, progress_at, expires_at, reserved, repository_reserved)
        SELECT ?1, ?2, ?3, ?4, ?5, 3, 1, 1, 0, ?6, ?6, ?6, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM ledger l WHERE l.idempotency_key = ?7) ON CONFLICT (id) DO NOTHING
        """);

    // Only the writer that held the session when it was aborted: an abort raised the epoch by one, and nothing raises it after.
    private static readonly Sql LetGoOfAborted = new("""
        UPDATE uploads SET writer_node = NULL, writer_until = NULL WHERE id = ?1 AND epoch = ?2 + 1 AND +state = 3
        """);

    /// <inheritdoc/>
    public Task<UploadRecord> OpenUploadAsync(NewUpload upload, Caller caller, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            using var epochs = upload.AsOf is null ? null : scope.Use(ReadEpochs).Bind(caller.PrincipalId).Bind(upload.RegistryId).Ask();
            var (repositoryId, _, locks, hasQuota, _) = EnsureRepository(scope, upload.RegistryId, upload.Repository);
            if (upload.AsOf is { } asOf && !Stand(epochs!, asOf)) throw new EpochsMovedException();
            if (upload.IsPromised && FindUpload(scope.Session, upload.Id) is not null) throw new UploadTakenException();
            Refuse(locks, Locks.Write, upload.Repository);
            var writing = upload.WriterUntil is not null;
            // Whoever sends bytes takes the session first, which waits.
            if (!writing) scope.Session.CommitSoon();
            var demand = hasQuota ? ReadDemand(scope, upload, repositoryId) : default;
            scope.Use(InsertUpload).Bind(upload.Id).Bind(upload.RegistryId).Bind(repositoryId).Bind(caller.PrincipalId).Bind(upload.Location)
                .Bind(writing ? 1 : 0).Bind(writing ? _writerNode : null).Bind(upload.WriterUntil).Bind((long)upload.Algorithm).Bind(scope.Now)
                .Bind(upload.ExpiresAt).Bind(demand.OfRegistry).Bind(demand.OfRepository).Tell();
            scope.AddReserved(upload.RegistryId, 0, demand.OfRegistry);
            scope.AddReserved(upload.RegistryId, repositoryId, demand.OfRepository);
            scope.Append(new LedgerEntry(LedgerKinds.UploadOpened, upload.RegistryId, upload.Repository.Value, Payload: UploadPayload(upload.Id)), caller);

            // Not read back: the newest page of the index is where everybody opens one.
            var covered = hasQuota ? Math.Max(Math.Max(demand.OfRegistry, demand.OfRepository), upload.Declared) : long.MaxValue;
            return new UploadRecord(
                upload.Id, upload.RegistryId, repositoryId, upload.Repository, caller.PrincipalId, upload.Location, UploadState.Open, writing ? 1 : 0, Stored(upload.WriterUntil),
                upload.Algorithm, 0, null, default, Stored(upload.ExpiresAt)!.Value, DateTimeOffset.FromUnixTimeMilliseconds(scope.Now))
            {
                RepositoryLocks = locks,
                Reserved = demand.OfRegistry,
                RepositoryReserved = demand.OfRepository,
                CoveredTo = covered,
            };
        },
        cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<UploadRecord?> FindUploadAsync(long registryId, RepositoryName repository, string id, CancellationToken cancellationToken)
    {
        var upload = await ReadAsync(id, static (reader, id) => FindUpload(reader, id), cancellationToken);
        return upload is not null && upload.RegistryId == registryId && upload.Repository == repository ? upload : null;
    }

    /// <inheritdoc/>
    public ValueTask<WithEpochs<OpenRepository>> FindOpenRepositoryAsync(
        long principalId, long registryId, RepositoryName repository, CancellationToken cancellationToken) =>
        LookUpAsync(OpenRepositories, (principalId, registryId, repository.Value), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<WithEpochs<FoundUpload>> FindUploadAsync(
        long principalId, long registryId, RepositoryName repository, string id, Digest digest, CancellationToken cancellationToken) =>
        LookUpAsync(ToFinish, new UploadToFinish(principalId, registryId, repository, id, digest), cancellationToken);

    /// <inheritdoc/>
    public Task<UploadRecord?> AcquireUploadAsync(string id, long expectedEpoch, DateTimeOffset writerUntil, CancellationToken cancellationToken) => ChangeRowAsync(
        scope =>
        {
            using var row = scope.Use(AcquireUpload).Bind(id).Bind(expectedEpoch).Bind(_writerNode).Bind(writerUntil).Bind(scope.Now);
            return row.Step() ? ToUpload(row) : null;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<FoundUpload?> TakeUploadAsync(
        long registryId, RepositoryName repository, string id, Digest digest, long principalId, SecurityEpochs asOf, long? offset, DateTimeOffset writerUntil,
        CancellationToken cancellationToken) => ChangeRowAsync(
        scope =>
        {
            using var row = scope.Use(TakeUpload).Bind(id).Bind(registryId).Bind(_writerNode).Bind(writerUntil).Bind(scope.Now).Bind(repository.Value)
                .Bind(principalId).Bind(asOf.Principal).Bind(asOf.Registry).Bind(digest).Bind(offset);
            return row.Step() ? new FoundUpload(null, ToUpload(row), ToStored(row, digest, 20)) : null;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> TouchUploadAsync(
        string id, long epoch, DateTimeOffset writerUntil, DateTimeOffset expiresAt, CancellationToken cancellationToken) => ChangeRowAsync(
        scope => scope.Use(TouchUpload).Bind(id).Bind(epoch).Bind(writerUntil).Bind(expiresAt).Bind(scope.Now).Execute() == 1,
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RecordUploadAsync(
        string id, long epoch, long offset, DigestAlgorithm algorithm, byte[]? hashState, string? checkpoint, DateTimeOffset expiresAt,
        CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            using var recorded = scope.Use(RecordUpload).Bind(id).Bind(epoch).Bind(offset).Bind((long)algorithm).Bind(hashState).Bind(expiresAt).Bind(scope.Now).Bind(checkpoint);
            var isOurs = recorded.Step();
            if (!isOurs) scope.Use(LetGoOfAborted).Bind(id).Bind(epoch).Tell();
            else if (recorded.Bool(0)) TrimReserved(scope, FindUpload(scope.Session, id)!);
            return isOurs;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> AbortUploadAsync(string id, long? writerEpoch, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (FindUpload(scope.Session, id) is not { } upload) return false;
            var aborted = scope.Use(AbortUpload).Bind(id).Bind(writerEpoch).Execute() == 1;
            if (writerEpoch is { } epoch) scope.Use(LetGoOfAborted).Bind(id).Bind(epoch).Tell();
            if (!aborted) return false;
            Release(scope, upload);
            AppendAborted(scope, upload.RegistryId, upload.Repository.Value, id, caller);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<UploadRecord>> ListUploadsAsync(long registryId, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, after, limit),
            static (reader, list) =>
            {
                var uploads = new List<UploadRecord>();
                var last = list.after ?? "";
                var most = list.registryId == 0 ? list.limit : 10L * list.limit;
                using var rows = reader.Use(ListUploads).Bind(last).Bind(most + 1);
                for (var seen = 0L; rows.Step(); seen++)
                {
                    if (seen == most || uploads.Count == list.limit) return new Page<UploadRecord>(uploads, More: true, last);
                    last = rows.Text(0);
                    if (list.registryId == 0 || rows.Int64(1) == list.registryId) uploads.Add(ToUpload(rows));
                }

                return new Page<UploadRecord>(uploads, More: false, null);
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long> CountUploadsAsync(long registryId, long principalId, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, principalId),
            static (reader, of) =>
            {
                using var row = reader.Use(of.principalId == 0 ? CountOpenUploads : CountOpenUploadsOfPrincipal).Bind(of.registryId);
                if (of.principalId != 0) row.Bind(of.principalId);
                return row.Step() ? row.Int64(0) : 0;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<bool> EndPromisedUploadAsync(
        string id, long registryId, RepositoryName repository, string location, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            var repositoryId = EnsureRepository(scope, registryId, repository).Id;
            if (scope.Use(InsertEndedUpload).Bind(id).Bind(registryId).Bind(repositoryId).Bind(caller.PrincipalId).Bind(location).Bind(scope.Now).Bind(KeyOfWhole(id)).Execute() == 0) return false;
            AppendAborted(scope, registryId, repository.Value, id, caller);
            return true;
        },
        cancellationToken);

    // Where nothing is reserved or refused.
    private static OpenRepository? ToOpen(long id, Statement row, int locks, int hasQuota) =>
        ((Locks)row.Int64(locks) & Locks.Write) == 0 && !row.Bool(hasQuota) ? new OpenRepository(id) : null;

    // Rows have milliseconds.
    private static DateTimeOffset? Stored(DateTimeOffset? time) => time is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at.ToUnixTimeMilliseconds()) : null;

    private static void AppendAborted(WriteScope scope, long registryId, string repository, string id, Caller caller) =>
        scope.Append(new LedgerEntry(LedgerKinds.UploadAborted, registryId, repository, Payload: UploadPayload(id)), caller);

    private static string UploadPayload(string id) => $$"""{"upload":"{{System.Text.Json.JsonEncodedText.Encode(id)}}"}""";

    private static UploadRecord? FindUpload(Session session, string id)
    {
        using var row = session.Use(ReadUpload).Bind(id);
        return row.Step() ? ToUpload(row) : null;
    }

    private static StoredBlobRecord? ToStored(Statement row, Digest digest, int at) =>
        row.IsNull(at) ? null : new StoredBlobRecord(digest, row.Int64(at), row.Text(at + 1), (BlobState)row.Int64(at + 2));

    /// <summary>What a request that finishes an upload looks for.</summary>
    private readonly record struct UploadToFinish(long PrincipalId, long RegistryId, RepositoryName Repository, string Id, Digest Digest);

    private static UploadRecord ToUpload(Statement row) => new(
        row.Text(0), row.Int64(1), row.Int64(2), RepositoryName.Parse(row.Text(3)), row.Int64(4), row.Text(5), (UploadState)row.Int64(6), row.Int64(7),
        row.TimeOrNull(8), (DigestAlgorithm)row.Int64(9), row.Int64(10), row.BytesOrNull(11), row.Digest(12), row.Time(13), row.Time(14))
    {
        RepositoryLocks = (Locks)row.Int64(15),
        Checkpoint = row.TextOrNull(19),
        Reserved = row.Int64(16),
        RepositoryReserved = row.Int64(17),
        CoveredTo = row.Bool(18) ? Math.Max(row.Int64(16), row.Int64(17)) : long.MaxValue,
    };
}

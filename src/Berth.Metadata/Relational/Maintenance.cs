using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql WalkBlobs = new("SELECT digest, size, location, state FROM blobs WHERE digest > ?1 ORDER BY digest LIMIT ?2");

    private static readonly Sql WalkManifests = new("""
        SELECT m.id, g.name, r.name, m.digest, b.bytes, m.media_type, m.subject, m.damaged FROM manifests m
        CROSS JOIN repositories r ON r.id = m.repository_id
        CROSS JOIN registries g ON g.id = r.registry_id
        LEFT JOIN manifest_bytes b ON b.manifest_id = m.id
        WHERE m.id > ?1 ORDER BY m.id LIMIT ?2
        """);

    private static readonly Sql ListNamed = new("""
        SELECT e.digest, e.kind = 1, CASE e.kind
            WHEN 1 THEN NOT EXISTS (
                SELECT 1 FROM memberships m CROSS JOIN blobs b ON b.digest = m.digest
                WHERE m.repository_id = e.repository_id AND m.digest = e.digest AND b.state = 0)
            ELSE NOT EXISTS (
                SELECT 1 FROM manifests c WHERE c.repository_id = e.repository_id AND c.digest = e.digest AND c.damaged = 0
                    AND (c.deleted_at IS NULL OR EXISTS (SELECT 1 FROM manifests p WHERE p.id = e.manifest_id AND +p.deleted_at IS NOT NULL))) END
        FROM edges e WHERE e.manifest_id = ?1
            AND (e.may_be_absent = 0 OR EXISTS (SELECT 1 FROM memberships m WHERE m.repository_id = e.repository_id AND m.digest = e.digest))
        """);

    private static readonly Sql FindUnmarkedManifest = new("""
        SELECT r.registry_id, r.name FROM manifests m CROSS JOIN repositories r ON r.id = m.repository_id
        WHERE m.id = ?1 AND m.digest = ?2 AND m.damaged <> ?3
        """);

    private static readonly Sql LocationIsKnown = new("""
        SELECT EXISTS (SELECT 1 FROM blobs WHERE location = ?1) OR EXISTS (SELECT 1 FROM uploads WHERE location = ?1 AND state <> 2)
            OR EXISTS (SELECT 1 FROM discarded_locations WHERE location = ?1)
        """);

    // The installation's own usage row carries what each blob counts once; only repositories and sessions are counted, on small indexes.
    private static readonly Sql ReadTotals = new("""
        SELECT
            (SELECT blobs FROM usage WHERE registry_id = 0 AND repository_id = 0),
            (SELECT bytes FROM usage WHERE registry_id = 0 AND repository_id = 0),
            (SELECT manifests FROM usage WHERE registry_id = 0 AND repository_id = 0),
            (SELECT count(*) FROM repositories WHERE listed = 1),
            (SELECT count(*) FROM uploads WHERE state < 2),
            (SELECT count(*) FROM discarded_locations),
            (SELECT count(*) FROM blobs WHERE state <> 0)
        """);

    // Suspended, and the time not seen yet: the first look at it says until when.
    private static readonly Sql MarkRestored = new("""
        UPDATE installation SET ledger_epoch = ledger_epoch + 1, deletion_suspended_until = ?1, deletion_seen_at = NULL
        """);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredBlobRecord>> WalkBlobsAsync(Digest after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (after, limit),
            static (reader, list) =>
            {
                var blobs = new List<StoredBlobRecord>();
                using var row = reader.Use(WalkBlobs);
                _ = list.after.IsDefault ? row.Bind((ReadOnlySpan<byte>)[0]) : row.Bind(list.after);
                row.Bind(list.limit);
                while (row.Step()) blobs.Add(new StoredBlobRecord(row.Digest(0), row.Int64(1), row.Text(2), (BlobState)row.Int64(3)));
                return (IReadOnlyList<StoredBlobRecord>)blobs;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoredBlobRecord?> FindStoredBlobAsync(Digest digest, CancellationToken cancellationToken) =>
        ReadAsync(
            digest,
            static (reader, digest) =>
            {
                using var row = reader.Use(FindStoredBlob).Bind(digest);
                return row.Step() ? new StoredBlobRecord(digest, row.Int64(0), row.Text(1), (BlobState)row.Int64(2)) : null;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredManifestRecord>> WalkManifestsAsync(long after, int limit, CancellationToken cancellationToken) =>
        ReadAtLengthAsync(
            (after, limit),
            static (reader, list) =>
            {
                using var transaction = reader.BeginRead();
                var manifests = new List<StoredManifestRecord>();
                using var row = reader.Use(WalkManifests).Bind(list.after).Bind(list.limit);
                while (row.Step())
                {
                    var (blobs, children, missing) = ReadNamed(reader, row.Int64(0));
                    manifests.Add(new StoredManifestRecord(
                        row.Int64(0), row.Text(1), row.Text(2), row.Digest(3), row.BytesOrNull(4) ?? [], row.Text(5), row.Digest(6), row.Bool(7),
                        blobs, children, missing));
                }

                return (IReadOnlyList<StoredManifestRecord>)manifests;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlySet<string>> KnownLocationsAsync(IReadOnlyCollection<string> locations, CancellationToken cancellationToken) =>
        ReadAtLengthAsync(
            locations,
            static (reader, locations) =>
            {
                var known = new HashSet<string>(StringComparer.Ordinal);
                foreach (var location in locations)
                {
                    using var row = reader.Use(LocationIsKnown).Bind(location);
                    if (row.Step() && row.Bool(0)) known.Add(location);
                }

                return (IReadOnlySet<string>)known;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<MetadataTotals> ReadTotalsAsync(CancellationToken cancellationToken) =>
        ReadAsync(
            0,
            static (reader, _) =>
            {
                using var row = reader.Use(ReadTotals);
                row.Step();
                return new MetadataTotals(row.Int64(0), row.Int64(1), row.Int64(2), row.Int64(3), row.Int64(4), row.Int64(5), row.Int64(6));
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<bool> MarkManifestAsync(long sequence, Digest digest, bool damaged, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            LedgerEntry entry;
            using (var row = scope.Use(FindUnmarkedManifest).Bind(sequence).Bind(digest).Bind(damaged))
            {
                if (!row.Step()) return false;
                entry = new LedgerEntry(damaged ? LedgerKinds.ManifestDamaged : LedgerKinds.ManifestHealed, row.Int64(0), row.Text(1), Digest: digest);
            }

            scope.Use(SetManifestDamaged).Bind(sequence).Bind(damaged).Tell();
            scope.Append(entry, Caller.System);
            return true;
        },
        cancellationToken);

    // The key that protects secrets signs nothing, and what it protects came back with the same rows.
    private static readonly Sql ForgetSigningKeys = new($"DELETE FROM signing_keys WHERE issuer < '{ISigningKeys.Protection}' OR issuer > '{ISigningKeys.Protection}'");

    /// <inheritdoc/>
    public Task MarkRestoredAsync(CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            scope.Use(MarkRestored).Bind(scope.Now).Tell();

            // Epochs go back with the rows: no token that was given before may be good again.
            scope.Use(ForgetSigningKeys).Tell();
            scope.Append(new LedgerEntry(LedgerKinds.InstallationChanged, Payload: """{"restored":true}"""), Caller.System);
            return true;
        },
        cancellationToken);

    private static (List<Digest> Blobs, List<Digest> Children, List<Digest> Missing) ReadNamed(Session reader, long manifestId)
    {
        var (blobs, children, missing) = (new List<Digest>(), new List<Digest>(), new List<Digest>());
        using var row = reader.Use(ListNamed).Bind(manifestId);
        while (row.Step())
        {
            (row.Bool(1) ? blobs : children).Add(row.Digest(0));
            if (row.Bool(2)) missing.Add(row.Digest(0));
        }

        return (blobs, children, missing);
    }
}

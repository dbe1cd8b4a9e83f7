using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql FinishUpload = new("""
        UPDATE uploads SET state = 2, digest = ?3, "offset" = ?4, expires_at = ?5, progress_at = ?6, hash_state = NULL, writer_node = NULL, writer_until = NULL
        WHERE id = ?1 AND epoch = ?2 AND state < 2
        """);

    private static readonly Sql FindStoredBlob = new("SELECT size, location, state FROM blobs WHERE digest = ?1");

    // Nothing is looked for first: on PostgreSQL a look at what is absent locks the page of the index, and all that is pushed at the same time would conflict there.
    private static readonly Sql InsertBlob = new(
        "INSERT INTO blobs (digest, size, location, state, created_at) VALUES (?1, ?2, ?3, 0, ?4) ON CONFLICT (digest) DO NOTHING");

    private static readonly Sql HealBlob = new("UPDATE blobs SET location = ?2, size = ?3, state = 0, verified_at = NULL WHERE digest = ?1");

    private static readonly Sql ResizeInRepositories = new("""
        UPDATE usage SET bytes = bytes + ?2 WHERE (registry_id, repository_id) IN (
            SELECT r.registry_id, r.id FROM memberships m CROSS JOIN repositories r ON r.id = m.repository_id WHERE m.digest = ?1)
        """);

    private static readonly Sql ResizeInOnlyHolders = new("""
        UPDATE usage SET unique_bytes = unique_bytes + ?2 WHERE (registry_id, repository_id) IN (
            SELECT r.registry_id, r.id FROM memberships m CROSS JOIN repositories r ON r.id = m.repository_id
            CROSS JOIN registry_blobs c ON c.registry_id = r.registry_id AND c.digest = m.digest WHERE m.digest = ?1 AND c.repositories = 1)
        """);

    private static readonly Sql ResizeInRegistries = new("""
        UPDATE usage SET bytes = bytes + ?2 WHERE repository_id = 0 AND registry_id IN (
            SELECT r.registry_id FROM memberships m CROSS JOIN repositories r ON r.id = m.repository_id WHERE m.digest = ?1)
        """);

    /// <inheritdoc/>
    public Task<bool> CompleteUploadAsync(
        string id, long epoch, Digest digest, long size, DateTimeOffset leaseUntil, DateTimeOffset forgetAt, Caller caller,
        CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            if (scope.Use(FinishUpload).Bind(id).Bind(epoch).Bind(digest).Bind(size).Bind(forgetAt).Bind(scope.Now).Execute() == 0)
            {
                scope.Use(LetGoOfAborted).Bind(id).Bind(epoch).Execute();
                return false;
            }

            var upload = FindUpload(scope.Session, id)!;
            Refuse(upload.RepositoryLocks, Locks.Write, upload.Repository);
            Release(scope, upload);
            var repository = upload.Repository.Value;
            if (Store(scope, digest, size, upload.Location))
            {
                scope.Append(new LedgerEntry(LedgerKinds.BlobHealed, upload.RegistryId, repository, Digest: digest), caller);
            }

            JoinOrExtend(scope, upload.RegistryId, upload.RepositoryId, digest, size, leaseUntil, caller);
            scope.Append(
                new LedgerEntry(LedgerKinds.BlobPushed, upload.RegistryId, repository, Digest: digest, IdempotencyKey: $"upload:{id}"), caller);
            return true;
        },
        cancellationToken);

    /// <summary>Gives the content its row, or the one that stands a good location, or discards the new one; returns whether it healed a damaged blob.</summary>
    private bool Store(WriteScope scope, Digest digest, long size, string location)
    {
        if (scope.Use(InsertBlob).Bind(digest).Bind(size).Bind(location).Bind(scope.Now).Execute() == 1)
        {
            scope.AddUsage(0, 0, size, 1, 0);
            return false;
        }

        var stored = ReadStoredBlob(scope, digest)!;
        if (stored.State == BlobState.Live)
        {
            if (stored.Size != size)
            {
                throw new InvalidDataException($"Blob {digest} stands with {stored.Size} bytes but was pushed with {size}; one of them is not that content.");
            }

            Discard(scope, location);
            return false;
        }

        // The pushed bytes have the digest, so that their size is the content's; a damaged row may be wrong in that, too.
        Discard(scope, stored.Location);
        scope.Use(HealBlob).Bind(digest).Bind(location).Bind(size).Execute();
        if (stored.Size != size) Resize(scope, digest, size - stored.Size);
        return true;
    }

    /// <summary>Moves the usage wherever the blob counts: in each repository and each registry that holds it, and in the installation.</summary>
    private static void Resize(WriteScope scope, Digest digest, long difference)
    {
        scope.Use(ResizeInRepositories).Bind(digest).Bind(difference).Execute();
        scope.Use(ResizeInOnlyHolders).Bind(digest).Bind(difference).Execute();
        scope.Use(ResizeInRegistries).Bind(digest).Bind(difference).Execute();
        scope.AddUsage(0, 0, difference, 0, 0);
    }

    private static StoredBlobRecord? ReadStoredBlob(WriteScope scope, Digest digest)
    {
        using var row = scope.Use(FindStoredBlob).Bind(digest);
        return row.Step() ? new StoredBlobRecord(digest, row.Int64(0), row.Text(1), (BlobState)row.Int64(2)) : null;
    }
}

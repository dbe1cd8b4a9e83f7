using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql FinishUpload = new($"""
        UPDATE uploads SET state = 2, digest = ?3, "offset" = ?4, expires_at = ?5, progress_at = ?6, hash_state = NULL, writer_node = NULL, writer_until = NULL
        WHERE id = ?1 AND epoch = ?2 AND +state < 2
        RETURNING {PushedTo("uploads.registry_id", "uploads.repository_id")}, reserved, repository_reserved
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
    public async Task<bool> CompleteUploadAsync(
        UploadRecord upload, Digest digest, long size, DateTimeOffset leaseUntil, DateTimeOffset forgetAt, Caller caller, CancellationToken cancellationToken)
    {
        var ended = new Completion(digest, size, leaseUntil, forgetAt);
        try
        {
            return await PushAsync(scope => Complete(scope, upload, ended, caller), cancellationToken);
        }
        catch (FencedOffException)
        {
            await ChangeRowAsync(scope => scope.Use(LetGoOfAborted).Bind(upload.Id).Bind(upload.Epoch).Execute(), cancellationToken);
            return false;
        }
    }

    // All that is known beforehand is asked at once, for a writer that still has the session: it nearly always does.
    private bool Complete(WriteScope scope, UploadRecord upload, in Completion ended, Caller caller)
    {
        using var finished = scope.Use(FinishUpload).Bind(upload.Id).Bind(upload.Epoch).Bind(ended.Digest).Bind(ended.Size).Bind(ended.ForgetAt).Bind(scope.Now).Ask();
        var pushed = new PushedBlob(upload.RegistryId, upload.RepositoryId, upload.Repository, ended.Digest, ended.Size, upload.Location, ended.LeaseUntil);
        using var stored = AskStored(scope, pushed);
        if (!finished.Step()) throw new FencedOffException();
        Refuse((Locks)finished.Int64(0), Locks.Write, upload.Repository);
        scope.AddReserved(upload.RegistryId, 0, -finished.Int64(2));
        scope.AddReserved(upload.RegistryId, upload.RepositoryId, -finished.Int64(3));
        var usage = new UsageMoves(scope);
        Count(scope, pushed, stored, usage, finished.Bool(1), caller);
        usage.Tell();
        scope.Append(new LedgerEntry(LedgerKinds.BlobPushed, upload.RegistryId, upload.Repository.Value, Digest: ended.Digest, IdempotencyKey: $"upload:{upload.Id}"), caller);
        return true;
    }

    // Of the repository that is pushed to: its locks, and whether anything limits what it holds.
    private static string PushedTo(string registry, string repository) => $"""
        (SELECT r.locks FROM repositories r WHERE r.id = {repository}),
            EXISTS (SELECT 1 FROM registries g WHERE g.id = {registry} AND (g.quota IS NOT NULL OR g.soft_quota IS NOT NULL))
                OR EXISTS (SELECT 1 FROM repositories r WHERE r.id = {repository} AND (+r.quota IS NOT NULL OR +r.soft_quota IS NOT NULL))
        """;

    private static AskedBlob AskStored(WriteScope scope, in PushedBlob blob) => new(
        scope.Use(InsertBlob).Bind(blob.Digest).Bind(blob.Size).Bind(blob.Location).Bind(scope.Now).Ask(),
        scope.Use(InsertMembership).Bind(blob.RepositoryId).Bind(blob.Digest).Bind(blob.LeaseUntil).Bind(scope.Now).Ask(),
        scope.Use(AddRegistryBlob).Bind(blob.RegistryId).Bind(blob.Digest).Bind(blob.RepositoryId).Ask());

    /// <summary>Counts a pushed blob by what was done for it.</summary>
    private void Count(WriteScope scope, in PushedBlob blob, in AskedBlob stored, UsageMoves usage, bool isLimited, Caller caller)
    {
        var (registryId, repositoryId, repository, digest, size, location, leaseUntil) = blob;
        var (inserted, joined, added) = stored;
        var isNew = inserted.Execute() == 1;
        var (isHealed, counted) = isNew ? (false, size) : Stand(scope, digest, size, location);
        if (isHealed) scope.Append(new LedgerEntry(LedgerKinds.BlobHealed, registryId, repository.Value, Digest: digest), caller);

        var (hasJoined, toRegistry) = (joined.Execute() == 1, 0L);
        if (hasJoined)
        {
            var holders = ReadHolders(added);
            CountJoined(usage, registryId, repositoryId, counted, holders, isNew);
            if (holders.Count == 1) toRegistry = size;
        }
        else
        {
            // It was a member, and is counted.
            ReadHolders(added);
            ReadHolders(scope.Use(SubtractRegistryBlob).Bind(registryId).Bind(digest).Bind(repositoryId));
            scope.Use(ExtendMembership).Bind(repositoryId).Bind(digest).Bind(leaseUntil).Tell();
            if (isNew) usage.Add(new UsageMove(0, 0, size, 1));
        }

        if (counted != size)
        {
            usage.Tell();
            Resize(scope, digest, size - counted);
        }

        if (!isLimited || !hasJoined) return;
        usage.Tell();
        Charge(scope, repositoryId, size, toRegistry, caller);
    }

    /// <summary>Has content that stands keep its location, and discards the new one, or the other way round; whether it healed a damaged blob, and with how many bytes the blob is counted so far.</summary>
    private (bool IsHealed, long Counted) Stand(WriteScope scope, Digest digest, long size, string location)
    {
        var stored = ReadStoredBlob(scope, digest)!;
        if (stored.State == BlobState.Live)
        {
            if (stored.Size != size)
            {
                throw new InvalidDataException($"Blob {digest} stands with {stored.Size} bytes but was pushed with {size}; one of them is not that content.");
            }

            Discard(scope, location);
            return (false, size);
        }

        // The pushed bytes have the digest, so that their size is the content's; a damaged row may be wrong in that, too.
        Discard(scope, stored.Location);
        scope.Use(HealBlob).Bind(digest).Bind(location).Bind(size).Tell();
        return (true, stored.Size);
    }

    /// <summary>Moves the usage wherever the blob counts: in each repository and each registry that holds it, and in the installation.</summary>
    private static void Resize(WriteScope scope, Digest digest, long difference)
    {
        scope.Use(ResizeInRepositories).Bind(digest).Bind(difference).Tell();
        scope.Use(ResizeInOnlyHolders).Bind(digest).Bind(difference).Tell();
        scope.Use(ResizeInRegistries).Bind(digest).Bind(difference).Tell();
        scope.AddUsage(0, 0, difference, 0, 0);
    }

    /// <summary>What a session ends with.</summary>
    private readonly record struct Completion(Digest Digest, long Size, DateTimeOffset LeaseUntil, DateTimeOffset ForgetAt);

    /// <summary>A blob whose bytes came to a repository.</summary>
    private readonly record struct PushedBlob(
        long RegistryId, long RepositoryId, RepositoryName Repository, Digest Digest, long Size, string Location, DateTimeOffset LeaseUntil);

    /// <summary>What was asked for a blob that comes to a repository: its row, its membership, and the count of its holders in the registry.</summary>
    private readonly record struct AskedBlob(Statement Inserted, Statement Joined, Statement Added) : IDisposable
    {
        public void Dispose()
        {
            Inserted.Dispose();
            Joined.Dispose();
            Added.Dispose();
        }
    }

    /// <summary>The session is another writer's by now, or nobody's: what was asked beside that is undone.</summary>
    private sealed class FencedOffException : Exception;

    private static StoredBlobRecord? ReadStoredBlob(WriteScope scope, Digest digest)
    {
        using var row = scope.Use(FindStoredBlob).Bind(digest);
        return row.Step() ? new StoredBlobRecord(digest, row.Int64(0), row.Text(1), (BlobState)row.Int64(2)) : null;
    }
}

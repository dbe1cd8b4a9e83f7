using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>Uploads without a session's row, whose bytes came all at once to a reserved location.</summary>
public sealed partial class RelationalMetadataStore
{
    // Each is five statements, or six, that are asked in one message (PostgresSession.MostHeld).
    private const int MostTogether = 10;

    // A reserved location is not taken out so shortly before it is discarded, whatever nodes' clocks say. In milliseconds.
    private const long ReservedLead = 3_600_000;

    // "+": a row that is named by its key is not looked for among those that are due.
    private static readonly Sql TakeReserved = new("DELETE FROM discarded_locations WHERE location = ?1 AND +not_before > ?2");

    // A node that stood still goes by a time that is hours behind until it has asked for it again; whoever removes bytes meanwhile does not.
    private static readonly Sql TakeReservedByClock = new(
        TakeReserved.Text, postgres: $"{TakeReserved.Text} AND +not_before > CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) + {ReservedLead}");

    // What such a session leaves: the record of its push, of which there is one. ?12 is the repository.
    private static readonly Sql RecordWhole = new($"""
        {WriteScope.LedgerRow} WHERE true
        ON CONFLICT (idempotency_key) DO NOTHING
        RETURNING {PushedTo("?3", "?12")}
        """);

    // Now and then one has a row all the same: what was pushed beside it may still have to be named, which a review of that sees by uploads that ended a moment ago.
    private static readonly Sql InsertEnded = new("""
        INSERT INTO uploads (id, registry_id, repository_id, principal_id, location, state, epoch, algorithm, "offset", digest, created_at, progress_at, expires_at, reserved, repository_reserved)
        VALUES (?1, ?2, ?3, ?4, ?5, 2, 1, ?6, ?7, ?8, ?9, ?10, ?11, 0, 0) ON CONFLICT (id) DO NOTHING
        """);

    private static readonly Sql FindPushed = new("SELECT digest FROM ledger WHERE idempotency_key = ?1");

    // Null where the database has changes share commits itself.
    private readonly Together<WholePush, Digest>? _wholes;

    private readonly RecentlyPushed _recentlyPushed;

    /// <inheritdoc/>
    public Task ReserveLocationsAsync(IReadOnlyList<string> locations, DateTimeOffset discardAt, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            foreach (var location in locations) scope.Use(InsertDiscarded).Bind(location).Bind(discardAt).Tell();
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public async Task<WholeUploadOutcome> CompleteWholeAsync(WholeUpload upload, DateTimeOffset leaseUntil, Caller caller, CancellationToken cancellationToken)
    {
        var push = new WholePush(upload, leaseUntil, caller);
        try
        {
            if (_wholes is null) await CompleteWholesAsync([push], cancellationToken);
            else await TracedAsync(_wholes.MakeAsync(push, upload.Others));
            return WholeUploadOutcome.Completed;
        }
        catch (FencedOffException)
        {
            return WholeUploadOutcome.Taken;
        }
        catch (NotReservedException)
        {
            return WholeUploadOutcome.NotReserved;
        }
    }

    /// <inheritdoc/>
    public ValueTask<Digest> FindPushedAsync(string id, CancellationToken cancellationToken) => ReadAsync(
        id,
        static (reader, id) =>
        {
            using var row = reader.Use(FindPushed).Bind(KeyOfWhole(id));
            return row.Step() ? row.Digest(0) : default;
        },
        cancellationToken);

    private async Task CompleteWholesAsync(IReadOnlyList<WholePush> pushes, CancellationToken cancellationToken) =>
        _recentlyPushed.Remember(await PushAsync(scope => CompleteWholes(scope, pushes), cancellationToken));

    /// <summary>
    /// Several of them in one transaction; any that is in the way of its own commit is in the way of all. Each is of another digest: its holders are counted as of before any other of them. They go in the order of
    /// their digests, so that of two nodes that wait for each other's rows neither waits for one that waits for it.
    /// </summary>
    /// <returns>The repositories whose uploads have got a row.</returns>
    private List<MarkedRepository> CompleteWholes(WriteScope scope, IReadOnlyList<WholePush> pushes)
    {
        var now = scope.Now;
        var marks = pushes.DistinctBy(push => push.Upload.RepositoryId).Where(push => !_recentlyPushed.Knows(push.Upload.RepositoryId, now))
            .Select(push => (push.Upload.RepositoryId, Asked: AskEnded(scope, push, now))).ToList();
        var asked = pushes.OrderBy(push => push.Upload.Digest).Select(push => AskWhole(scope, push)).ToList();
        var usage = new UsageMoves(scope);
        foreach (var (push, reserved, recorded, stored) in asked)
        {
            using var row = recorded;
            if (!row.Step()) throw new FencedOffException();
            if (reserved.Execute() == 0) throw new NotReservedException();
            Refuse((Locks)row.Int64(0), Locks.Write, push.Upload.Repository);
            Count(scope, push.Blob, stored, usage, row.Bool(1), push.Caller);
        }

        usage.Tell();

        // Another request of the session may have brought a row, which speaks for nothing.
        return [.. marks.Where(mark => mark.Asked.Execute() == 1).Select(mark => new MarkedRepository(mark.RepositoryId, now))];
    }

    private Statement AskEnded(WriteScope scope, WholePush push, long now)
    {
        var upload = push.Upload;
        var until = now + _recentlyPushed.Step;
        return scope.Use(InsertEnded).Bind(upload.Id).Bind(upload.RegistryId).Bind(upload.RepositoryId).Bind(push.Caller.PrincipalId).Bind(upload.Location).Bind((long)upload.Digest.Algorithm)
            .Bind(upload.Size).Bind(upload.Digest).Bind(now).Bind(until).Bind(until + (long)_retention.EndedUploadWindow.TotalMilliseconds).Ask();
    }

    private AskedWhole AskWhole(WriteScope scope, WholePush push)
    {
        var upload = push.Upload;
        var entry = new LedgerEntry(LedgerKinds.BlobPushed, upload.RegistryId, upload.Repository.Value, Digest: upload.Digest, IdempotencyKey: KeyOfWhole(upload.Id));
        return new AskedWhole(
            push,
            scope.Use(_database.KeepsTime ? TakeReservedByClock : TakeReserved).Bind(upload.Location).Bind(scope.Now + ReservedLead).Ask(),
            scope.AppendBy(RecordWhole, entry, push.Caller).Bind(upload.RepositoryId).Ask(),
            AskStored(scope, push.Blob));
    }

    // Not that of a session with a row: requests that came at once may have made one of it, too.
    private static string KeyOfWhole(string id) => $"whole:{id}";

    private sealed record WholePush(WholeUpload Upload, DateTimeOffset LeaseUntil, Caller Caller)
    {
        public PushedBlob Blob => new(Upload.RegistryId, Upload.RepositoryId, Upload.Repository, Upload.Digest, Upload.Size, Upload.Location, LeaseUntil);
    }

    private readonly record struct AskedWhole(WholePush Push, Statement Reserved, Statement Recorded, AskedBlob Stored);

    /// <summary>The location is not among those that are reserved: what was asked beside that is undone.</summary>
    private sealed class NotReservedException : Exception;
}

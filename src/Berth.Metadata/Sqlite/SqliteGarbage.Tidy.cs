using Berth.Metadata.Sqlite.Engine;

namespace Berth.Metadata.Sqlite;

public sealed partial class SqliteMetadataStore
{
    private static readonly Sql ForgetDoneUploads = new("""
        DELETE FROM uploads WHERE id IN (SELECT id FROM uploads WHERE state = 2 AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2)
        """);

    private static readonly Sql ForgetTombstones = new("""
        DELETE FROM tombstones WHERE (repository_id, kind, name) IN
            (SELECT repository_id, kind, name FROM tombstones WHERE created_at <= ?1 ORDER BY created_at LIMIT ?2)
        """);

    private static readonly Sql KeepHybridTime = new("UPDATE installation SET hybrid_time = max(hybrid_time, ?1)");

    // The last record always stays, and so does what the slowest reader has not seen.
    private static readonly Sql TrimLedger = new("""
        DELETE FROM ledger WHERE number IN (
            SELECT number FROM ledger
            WHERE number < (SELECT max(number) FROM ledger) AND number <= COALESCE((SELECT min(number) FROM ledger_readers), 9223372036854775807)
            ORDER BY number LIMIT ?2)
        AND hybrid_time < ?1
        """);

    private static readonly Sql ReadDeletionClock = new("SELECT deletion_seen_at, deletion_suspended_until FROM installation");

    private static readonly Sql SetDeletionClock = new("UPDATE installation SET deletion_seen_at = ?1, deletion_suspended_until = ?2");

    /// <inheritdoc/>
    public Task<int> TidyAsync(TimeSpan ledgerRetention, int limit, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            var now = _time.GetUtcNow();
            var handled = scope.Use(ForgetDoneUploads).Bind(now).Bind(limit).Execute();
            handled += scope.Use(ForgetTombstones).Bind(now - _options.TombstoneRetention).Bind(limit).Execute();
            handled += scope.Use(ForgetAccessEvents).Bind(now - ledgerRetention).Bind(limit).Execute();
            scope.Use(KeepHybridTime).Bind(scope.Clock.Highest).Execute();
            var oldest = (now - ledgerRetention).ToUnixTimeMilliseconds() << HybridClock.CounterBits;
            return handled + scope.Use(TrimLedger).Bind(oldest).Bind(limit).Execute();
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<DateTimeOffset?> ObserveClockAsync(TimeSpan? elapsed, TimeSpan grace, CancellationToken cancellationToken)
    {
        // Taken here, beside the caller's own measure, not after a wait in the queue.
        var now = _time.GetUtcNow();
        return RelieveAsync(
            scope =>
            {
                DateTimeOffset? seen, suspended;
                using (var row = scope.Use(ReadDeletionClock))
                {
                    if (!row.Step()) return null;
                    (seen, suspended) = (row.TimeOrNull(0), row.TimeOrNull(1));
                }

                if (seen is { } before && !IsConfirmed(now - before, elapsed, grace)) suspended = now + grace;
                if (suspended <= now) suspended = null;
                scope.Use(SetDeletionClock).Bind(now).Bind(suspended).Execute();
                return suspended;
            },
            cancellationToken);
    }

    /// <summary>
    /// Whether a step of the clock is what it seems. Between two processes nothing measures the time: there a step back is wrong, and one forward
    /// over more than a grace may be, which then costs one grace more.
    /// </summary>
    private static bool IsConfirmed(TimeSpan step, TimeSpan? elapsed, TimeSpan grace)
    {
        var tolerance = TimeSpan.FromTicks(Math.Clamp((grace / 8).Ticks, TimeSpan.FromSeconds(10).Ticks, TimeSpan.FromMinutes(5).Ticks));
        return elapsed is { } measured ? (step - measured).Duration() <= tolerance : step >= -tolerance && step <= grace + tolerance;
    }
}

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql ForgetDoneUploads = new("""
        DELETE FROM uploads WHERE id IN (SELECT id FROM uploads WHERE state = 2 AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2)
        """);

    // The hybrid time of the first record that a reader has not read yet. A reader of an older epoch begins anew, so that nothing waits for it.
    private static readonly Sql FindFirstUnread = new("""
        SELECT min((SELECT hybrid_time FROM ledger WHERE ledger.number > ledger_readers.number ORDER BY ledger.number LIMIT 1))
        FROM ledger_readers WHERE epoch = (SELECT ledger_epoch FROM installation)
        """);

    private static readonly Sql ForgetTombstones = new("""
        DELETE FROM tombstones WHERE (repository_id, kind, name) IN
            (SELECT repository_id, kind, name FROM tombstones WHERE created_at <= ?1 ORDER BY created_at LIMIT ?2)
        AND hybrid_time < ?3
        """);

    private static readonly Sql KeepHybridTime = new("UPDATE installation SET hybrid_time = max(hybrid_time, ?1)");

    // The last record always stays, and so does what a reader has not read and is within its limit. Where one record stays, all after it do.
    private static readonly Sql FindEndOfTrim = new("""
        SELECT max(due.number) FROM (
            SELECT number, hybrid_time FROM ledger WHERE number < (SELECT max(number) FROM ledger) ORDER BY number LIMIT ?3) due
        WHERE due.hybrid_time >> 16 < ?1 AND NOT EXISTS (
            SELECT 1 FROM ledger_readers
            WHERE epoch = (SELECT ledger_epoch FROM installation) AND ledger_readers.number < due.number
                AND due.hybrid_time >> 16 >= ?2 - keep_for AND due.number > (SELECT max(number) FROM ledger) - keep_records)
        """);

    private static readonly Sql TrimLedger = new("DELETE FROM ledger WHERE number <= ?1");

    // A reader that was left behind has the epoch of none: it begins anew, as after a restore.
    private static readonly Sql LeaveReadersBehind = new("UPDATE ledger_readers SET epoch = 0 WHERE number < ?1 AND epoch <> 0");

    private static readonly Sql ReadDeletionClock = new("SELECT deletion_seen_at, deletion_suspended_until, deletion_paused_until FROM installation");

    private static readonly Sql SetDeletionClock = new("UPDATE installation SET deletion_seen_at = ?1, deletion_suspended_until = ?2");

    /// <inheritdoc/>
    public Task<int> TidyAsync(TimeSpan ledgerRetention, int limit, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            var now = _time.GetUtcNow();
            var handled = scope.Use(ForgetDoneUploads).Bind(now).Bind(limit).Execute();
            handled += scope.Use(ForgetTombstones).Bind(now - _retention.TombstoneRetention).Bind(limit).Bind(FirstUnread(scope)).Execute();
            handled += scope.Use(ForgetAccessEvents).Bind(now - ledgerRetention).Bind(limit).Execute();
            handled += scope.Use(ForgetConsumers).Bind(now - ledgerRetention).Bind(limit).Execute();
            handled += scope.Use(ForgetGrants).Bind(now).Bind(limit).Execute();
            scope.Use(KeepHybridTime).Bind(scope.Clock.Highest).Tell();
            return handled + Trim(scope, now - ledgerRetention, limit);
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

                var begins = seen is { } before ? !IsConfirmed(now - before, elapsed, grace) : suspended is not null;
                if (begins) suspended = now + grace;
                if (suspended <= now) suspended = null;
                scope.Use(SetDeletionClock).Bind(now).Bind(suspended).Tell();
                return suspended;
            },
            cancellationToken);
    }

    private static long FirstUnread(WriteScope scope)
    {
        using var row = scope.Use(FindFirstUnread);
        return row.Step() ? row.Int64OrNull(0) ?? long.MaxValue : long.MaxValue;
    }

    private static int Trim(WriteScope scope, DateTimeOffset before, int limit)
    {
        long? end;
        using (var row = scope.Use(FindEndOfTrim).Bind(before).Bind(scope.Now).Bind(limit)) end = row.Step() ? row.Int64OrNull(0) : null;
        if (end is null) return 0;

        var trimmed = scope.Use(TrimLedger).Bind(end).Execute();
        scope.Use(LeaveReadersBehind).Bind(end).Tell();
        return trimmed;
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

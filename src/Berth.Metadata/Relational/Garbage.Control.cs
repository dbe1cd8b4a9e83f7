using System.Globalization;
using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>What an operator sees and says of garbage collection.</summary>
public sealed partial class RelationalMetadataStore
{
    private static readonly Sql SetDeletionPause = new("UPDATE installation SET deletion_paused_until = ?1, deletion_paused_by = ?2");

    private static readonly Sql ReadDeletionPause = new("SELECT deletion_paused_until, deletion_paused_by, deletion_suspended_until FROM installation");

    private static readonly Sql CountMembershipsDue = new("SELECT count(*) FROM (SELECT 1 FROM memberships WHERE review_at <= ?1 LIMIT ?2) due");

    private static readonly Sql CountBlobsDue = new("SELECT count(*) FROM (SELECT 1 FROM blobs WHERE review_at <= ?1 LIMIT ?2) due");

    private static readonly Sql CountLocationsDue = new("SELECT count(*) FROM (SELECT 1 FROM discarded_locations WHERE not_before <= ?1 LIMIT ?2) due");

    private static readonly Sql CountUploadsDue = new("SELECT count(*) FROM (SELECT 1 FROM uploads WHERE state = ?3 AND expires_at <= ?1 LIMIT ?2) due");

    private static readonly Sql CountReferrersDue = new("SELECT count(*) FROM (SELECT 1 FROM absent_subjects WHERE since <= ?1 LIMIT ?2) due");

    private static readonly Sql ProveMemberships = new("""
        SELECT m.review_at, m.repository_id, m.digest, m.lease_until, r.name, g.name, b.size,
            EXISTS (SELECT 1 FROM edges e WHERE e.repository_id = m.repository_id AND e.kind = 1 AND e.digest = m.digest)
        FROM memberships m CROSS JOIN repositories r ON r.id = m.repository_id CROSS JOIN registries g ON g.id = r.registry_id CROSS JOIN blobs b ON b.digest = m.digest
        WHERE m.review_at <= ?1 AND (m.review_at, m.repository_id, m.digest) > (?2, ?3, ?4) ORDER BY m.review_at, m.repository_id, m.digest LIMIT ?5
        """);

    private static readonly Sql ProveBlobs = new("""
        SELECT b.review_at, b.digest, b.size, b.location, EXISTS (SELECT 1 FROM memberships m WHERE m.digest = b.digest)
        FROM blobs b WHERE b.review_at <= ?1 AND (b.review_at, b.digest) > (?2, ?3) ORDER BY b.review_at, b.digest LIMIT ?4
        """);

    /// <inheritdoc/>
    public Task SetDeletionPauseAsync(DateTimeOffset? until, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            scope.Use(SetDeletionPause).Bind(until).Bind(until is null ? null : caller.Name).Tell();
            var entry = until is { } end
                ? new LedgerEntry(LedgerKinds.GarbagePaused, Payload: JsonText.Facts(("until", end.UtcDateTime.ToString("O", CultureInfo.InvariantCulture))))
                : new LedgerEntry(LedgerKinds.GarbageResumed);
            scope.Append(entry, caller);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DeletionState> ReadDeletionStateAsync(CancellationToken cancellationToken) => ReadAsync(
        _time.GetUtcNow(),
        static (reader, now) =>
        {
            using var row = reader.Use(ReadDeletionPause);
            if (!row.Step()) return default;
            var paused = row.TimeOrNull(0) is { } pause && pause > now ? pause : (DateTimeOffset?)null;
            return new DeletionState(paused, paused is null ? null : row.TextOrNull(1), row.TimeOrNull(2) is { } suspended && suspended > now ? suspended : null);
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<GarbageQueues> CountGarbageAsync(TimeSpan referrerExpiry, int most, CancellationToken cancellationToken) => ReadAsync(
        (Now: NowMilliseconds, Expiry: (long)referrerExpiry.TotalMilliseconds, most),
        static (reader, of) =>
        {
            using var transaction = reader.BeginRead();
            var uploads = 0;
            foreach (var state in (ReadOnlySpan<UploadState>)[UploadState.Open, UploadState.Completing, UploadState.Aborting])
                uploads += Count(reader.Use(CountUploadsDue).Bind(of.Now).Bind(of.most).Bind((long)state));
            return new GarbageQueues(
                Count(reader.Use(CountMembershipsDue).Bind(of.Now).Bind(of.most)), Count(reader.Use(CountBlobsDue).Bind(of.Now).Bind(of.most)),
                Count(reader.Use(CountLocationsDue).Bind(of.Now).Bind(of.most)), Math.Min(uploads, of.most),
                Count(reader.Use(CountReferrersDue).Bind(of.Now - of.Expiry).Bind(of.most)));

            static int Count(Statement counted)
            {
                using (counted) return (int)counted.OnlyInt64();
            }
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<GarbageEntry>> ListGarbageAsync(
        TimeSpan referrerExpiry, TimeSpan grace, string? after, int limit, CancellationToken cancellationToken) => ReadAsync(
        (Now: NowMilliseconds, Times: (referrerExpiry, grace), After: GarbageKey.Parse(after), limit, Windows: (_retention.UploadProgressWindow, _retention.EndedUploadWindow)),
        static (reader, list) =>
        {
            using var transaction = reader.BeginRead();
            var entries = new List<(GarbageKey Key, GarbageEntry Entry)>();
            if (list.After.Kind == GarbageKind.Membership) AddMemberships(reader, list.Now, list.After, list.limit + 1, list.Windows, entries);
            if (list.After.Kind <= GarbageKind.Blob) AddBlobs(reader, list.Now, list.After, list.limit + 1 - entries.Count, entries);
            if (list.After.Kind <= GarbageKind.Location) AddLocations(reader, list.Now, list.After, list.limit + 1 - entries.Count, entries);
            AddReferrers(reader, list.Now, list.Times, list.After, list.limit + 1 - entries.Count, entries);
            var more = entries.Count > list.limit;
            var items = entries.Take(list.limit).ToList();
            return new Page<GarbageEntry>([.. items.Select(item => item.Entry)], more, more ? items[^1].Key.ToString() : null);
        },
        cancellationToken);

    private static void AddMemberships(
        Session session, long now, GarbageKey after, int limit, (TimeSpan Progress, TimeSpan Ended) windows, List<(GarbageKey, GarbageEntry)> entries)
    {
        var found = new List<(long Repository, bool IsNamed, GarbageKey Key, GarbageEntry Entry)>();
        using (var rows = session.Use(ProveMemberships).Bind(now).Bind(after.Time).Bind(after.Repository))
        {
            (after.Digest.IsDefault ? rows.Bind(BeforeDigests) : rows.Bind(after.Digest)).Bind(limit);
            while (rows.Step())
            {
                var entry = new GarbageEntry(GarbageKind.Membership, GarbageVerdict.Taken, rows.Time(0))
                {
                    Registry = rows.Text(5),
                    Repository = rows.Text(4),
                    Digest = rows.Digest(2),
                    Size = rows.Int64(6),
                    LeaseUntil = rows.Time(3),
                };
                found.Add((rows.Int64(1), rows.Bool(7), new GarbageKey(GarbageKind.Membership, rows.Int64(0), rows.Int64(1), rows.Digest(2), ""), entry));
            }
        }

        var busy = new Dictionary<long, bool>();
        foreach (var (repository, isNamed, key, entry) in found)
        {
            var verdict = isNamed ? GarbageVerdict.Named : entry.LeaseUntil > DateTimeOffset.FromUnixTimeMilliseconds(now) ? GarbageVerdict.Leased
                : IsBusy(repository) ? GarbageVerdict.Busy : GarbageVerdict.Taken;
            entries.Add((key, entry with { Verdict = verdict }));
        }

        bool IsBusy(long repository)
        {
            if (busy.TryGetValue(repository, out var known)) return known;
            using var row = session.Use(BusyUntilTime).Bind(repository).Bind((long)windows.Progress.TotalMilliseconds).Bind((long)windows.Ended.TotalMilliseconds);
            return busy[repository] = row.Step() && row.Int64(0) > now;
        }
    }

    private static void AddBlobs(Session session, long now, GarbageKey after, int limit, List<(GarbageKey, GarbageEntry)> entries)
    {
        if (limit <= 0) return;
        var (time, digest) = after.Kind == GarbageKind.Blob ? (after.Time, after.Digest) : (0L, default(Digest));
        using var rows = session.Use(ProveBlobs).Bind(now).Bind(time);
        (digest.IsDefault ? rows.Bind(BeforeDigests) : rows.Bind(digest)).Bind(limit);
        while (rows.Step())
        {
            var entry = new GarbageEntry(GarbageKind.Blob, rows.Bool(4) ? GarbageVerdict.Held : GarbageVerdict.Taken, rows.Time(0))
            {
                Digest = rows.Digest(1),
                Size = rows.Int64(2),
                Location = rows.Text(3),
            };
            entries.Add((new GarbageKey(GarbageKind.Blob, rows.Int64(0), 0, rows.Digest(1), ""), entry));
        }
    }

    private static void AddLocations(Session session, long now, GarbageKey after, int limit, List<(GarbageKey, GarbageEntry)> entries)
    {
        if (limit <= 0) return;
        var (time, location) = after.Kind == GarbageKind.Location ? (after.Time, after.Location) : (0L, "");
        using var rows = session.Use(ListDiscarded).Bind(now).Bind(time).Bind(location).Bind(limit);
        while (rows.Step())
        {
            var entry = new GarbageEntry(GarbageKind.Location, GarbageVerdict.Taken, rows.Time(1)) { Location = rows.Text(0) };
            entries.Add((new GarbageKey(GarbageKind.Location, rows.Int64(1), 0, default, rows.Text(0)), entry));
        }
    }

    /// <summary>A place in the list of what is due.</summary>
    private readonly record struct GarbageKey(GarbageKind Kind, long Time, long Repository, Digest Digest, string Location)
    {
        public static GarbageKey Parse(string? key)
        {
            if (key is null) return new GarbageKey(GarbageKind.Membership, 0, 0, default, "");
            var parts = PageKey.Parts(key, 5);
            return Enum.TryParse<GarbageKind>(parts[0], out var kind) && Enum.IsDefined(kind)
                && (parts[3].Length == 0 || Digest.TryParse(parts[3], out _))
                ? new GarbageKey(kind, PageKey.Row(parts[1]), PageKey.Row(parts[2]), parts[3].Length == 0 ? default : Digest.Parse(parts[3]), parts[4])
                : throw new FormatException("The key of the page is not one that a page gave.");
        }

        public override string ToString() => PageKey.Of(
            Kind.ToString(), Time.ToString(CultureInfo.InvariantCulture), Repository.ToString(CultureInfo.InvariantCulture), Digest.IsDefault ? "" : Digest.ToString(), Location);
    }
}

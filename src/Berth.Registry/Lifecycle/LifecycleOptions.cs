using System.ComponentModel.DataAnnotations;

namespace Berth.Registry.Lifecycle;

/// <summary>Settings of garbage collection and scrubbing.</summary>
public sealed record LifecycleOptions
{
    /// <summary>How long content that nothing names is kept, counted from the last promise made about it. Default 24 hours.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "3650.00:00:00")]
    public TimeSpan Grace { get; init; } = TimeSpan.FromHours(24);

    /// <summary>
    /// How long a signature, an SBOM or another referrer that was pushed before what it refers to waits for that; then it is deleted. Default 30 days: what signs first pushes within minutes.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "36500.00:00:00")]
    public TimeSpan ReferrerExpiry { get; init; } = TimeSpan.FromDays(30);

    /// <summary>
    /// How long an upload that stands still holds room of a quota for what it has sent. Default 15 minutes: clients that lost their connection try again within seconds. Its bytes stay as long as its session does.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00")]
    public TimeSpan IdleReservation { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How often what is due is looked at. Default one minute.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1000000", "1.00:00:00")]
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long bytes stay in the store after the last row that named them is gone, so that the database can be brought back to any time within it. Default 0: berth backup copies the bytes. Where the
    /// database is restored by PostgreSQL's own tools, at least the time that a restore may go back.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "365.00:00:00")]
    public TimeSpan RecoveryWindow { get; init; }

    /// <summary>How long ledger records stay. Default 90 days.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "36500.00:00:00")]
    public TimeSpan LedgerRetention { get; init; } = TimeSpan.FromDays(90);

    /// <summary>How many batches, each of up to 10 reviews of blobs or 200 removals of bytes, garbage collection takes in a second. Default 0: as many as it can while little is asked for or a volume is full, and a hundredth of the time while much is.</summary>
    [Range(0.0, 10_000.0)]
    public double BatchesPerSecond { get; init; }

    /// <summary>How many bytes per second the scrubber reads to check that stored blobs still have their digests; 0 turns it off. Default 8 MiB.</summary>
    [Range(0.0, 1099511627776.0)]
    public long ScrubBytesPerSecond { get; init; } = 8 * 1024 * 1024;
}

namespace Berth.Metadata.Relational;

/// <summary>How long rows keep what is over.</summary>
public sealed record RetentionOptions
{
    /// <summary>How long the bytes of a discarded blob stay at least: nothing, as far as the database may be brought back, or as long as somebody may have a link to them.</summary>
    public TimeSpan DiscardDelay { get; init; }

    /// <summary>How long a deletion's tombstone is kept; no peer needs it longer while there are none.</summary>
    public TimeSpan TombstoneRetention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>An upload at work that made progress within this time keeps the memberships of its repository from ending.</summary>
    public TimeSpan UploadProgressWindow { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// An upload that ended within this time with a blob does so, too: what was pushed beside it may still have to be named. No longer than the grace of
    /// garbage collection, or pushes would keep each other's leftovers.
    /// </summary>
    public TimeSpan EndedUploadWindow { get; init; } = TimeSpan.FromMinutes(15);
}

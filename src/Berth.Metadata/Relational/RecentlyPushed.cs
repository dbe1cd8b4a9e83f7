using System.Collections.Concurrent;

namespace Berth.Metadata.Relational;

/// <summary>
/// The repositories in which this process has written the row of an upload that ended, and when: until a step later, others that end there leave none. Reviews keep what was pushed beside an upload that ended
/// within <see cref="RetentionOptions.EndedUploadWindow"/>; the row's time is a step ahead, so that they do after the last of them, too.
/// </summary>
internal sealed class RecentlyPushed(RetentionOptions retention)
{
    // What is forgotten costs a row more.
    private const int Most = 10_000;

    private static readonly TimeSpan LongestStep = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<long, long> _times = new();

    /// <summary>How long one row speaks for those that end after it, in milliseconds.</summary>
    public long Step { get; } = (long)(retention.EndedUploadWindow / 8 is var part && part < LongestStep ? part : LongestStep).TotalMilliseconds;

    /// <summary>Whether the repository has a row that speaks for an upload that ends now (milliseconds since 1970).</summary>
    public bool Knows(long repositoryId, long now) => _times.TryGetValue(repositoryId, out var at) && now >= at && now - at < Step;

    /// <summary>Remembers rows that are committed.</summary>
    public void Remember(IReadOnlyList<MarkedRepository> marked)
    {
        if (_times.Count > Most) _times.Clear();
        foreach (var (repositoryId, at) in marked) _times[repositoryId] = at;
    }
}

/// <summary>A repository with the time of its row.</summary>
internal readonly record struct MarkedRepository(long RepositoryId, long At);

using System.ComponentModel.DataAnnotations;

namespace Berth.Registry.Distribution;

/// <summary>Settings of the data plane.</summary>
public sealed record DistributionOptions
{
    /// <summary>Whether an index may name children that the repository lacks (a sparse index: one platform of many, say). Default false.</summary>
    public bool AllowSparseIndexes { get; init; }

    /// <summary>How long an upload session lives after its last byte. Default 24 hours.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00")]
    public TimeSpan UploadExpiry { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long a transfer may stand still before it is ended. Default 60 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan StallLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long the link is good that sends the reader of a blob to a registry's data endpoint; a quarter of the grace at the most, a minute at the least. What it may still
    /// read is decided when it is used. Default 10 minutes.
    /// </summary>
    [Range(typeof(TimeSpan), "00:01:00", "06:00:00")]
    public TimeSpan DataLinkLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The most open upload sessions of one principal in one registry. Default 10,000.</summary>
    [Range(1, 10_000_000)]
    public int MaxOpenUploads { get; init; } = 10_000;
}

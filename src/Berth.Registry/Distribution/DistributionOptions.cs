using System.ComponentModel.DataAnnotations;
using System.Net;

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

    /// <summary>
    /// Whether readers of blobs are sent to the object store by a link of its own (307), where there is one, so that the bytes do not pass through this server. Registries with a
    /// data endpoint and private listeners send the bytes themselves. Default true.
    /// </summary>
    public bool StoreLinks { get; init; } = true;

    /// <summary>How long such a link is good; five minutes less than half the grace at the most. Default 15 minutes.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "06:00:00")]
    public TimeSpan StoreLinkLifetime { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// The networks (<c>10.0.0.0/8</c>, comma separated or a JSON array) whose clients do not reach the object store: they get the bytes from this server. Default none.
    /// </summary>
    public IReadOnlyList<IPNetwork> StreamedNetworks { get; init; } = [];

    /// <summary>The most open upload sessions of one principal in one registry. Default 10,000.</summary>
    [Range(1, 10_000_000)]
    public int MaxOpenUploads { get; init; } = 10_000;
}

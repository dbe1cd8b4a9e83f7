using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Berth.Registry.Distribution;

/// <summary>Settings of the data plane.</summary>
public sealed record DistributionOptions
{
    private static readonly TimeSpan LeastStoreLink = TimeSpan.FromMinutes(1);

    // A read that began shortly before its link ended has this long.
    private static readonly TimeSpan StoreLinkMargin = TimeSpan.FromMinutes(5);

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

    /// <summary>How long such a link is good under a grace: bytes are promised for half of it. Null where none are given.</summary>
    public TimeSpan? StoreLinkLifetimeUnder(TimeSpan grace)
    {
        var most = (grace / 2) - StoreLinkMargin;
        var lifetime = StoreLinkLifetime < most ? StoreLinkLifetime : most;
        return StoreLinks && lifetime >= LeastStoreLink ? lifetime : null;
    }

    /// <summary>How long bytes stay in an object store once nothing names them, for those who have a link: as long as the longest that was given, and five minutes.</summary>
    public TimeSpan KeptForStoreLinks(TimeSpan grace) => StoreLinkLifetimeUnder(grace) + StoreLinkMargin ?? TimeSpan.Zero;

    /// <summary>
    /// The networks (<c>10.0.0.0/8</c>, comma separated or a JSON array) whose clients do not reach the object store: they get the bytes from this server. Default none.
    /// </summary>
    public IReadOnlyList<IPNetwork> StreamedNetworks { get; init; } = [];

    /// <summary>The most open upload sessions of one principal in one registry. Default 10,000.</summary>
    [Range(1, 10_000_000)]
    public int MaxOpenUploads { get; init; } = 10_000;
}

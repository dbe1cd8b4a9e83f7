namespace Berth.Metadata;

/// <summary>How much of what there is in a registry.</summary>
public interface IRegistryUsage
{
    /// <summary>The most of one kind that is counted: more than that is shown as so many.</summary>
    const int MostCounted = 50_000;

    /// <summary>A registry's usage, by figures that are kept and by counts that end at <see cref="MostCounted"/>. One read.</summary>
    ValueTask<RegistryUsage> ReadRegistryUsageAsync(long registryId, CancellationToken cancellationToken);
}

/// <summary>How much of what there is in a registry.</summary>
/// <param name="Bytes">The size of its blobs and manifests; content that several of its repositories share counts once.</param>
/// <param name="ScopeMaps">How many scope maps it has, those that come with it included.</param>
/// <param name="Tokens">How many tokens it has.</param>
public sealed record RegistryUsage(long Bytes, long ScopeMaps, long Tokens)
{
    /// <summary>The bytes that it may hold; null for any number.</summary>
    public long? Quota { get; init; }
}

using Berth.Oci;

namespace Berth.Metadata;

/// <summary>Who pulls what. Pulls are no mutations: they come in batches, aggregated, and are forgotten with the access events.</summary>
public interface IConsumers
{
    /// <summary>The most characters of a user agent that are kept.</summary>
    const int MostOfUserAgent = 200;

    /// <summary>Adds pulls to the rows of their repository, digest, principal, address and user agent; those of repositories without a row are dropped.</summary>
    Task AddConsumersAsync(IReadOnlyCollection<ConsumerRecord> pulls, CancellationToken cancellationToken);

    /// <summary>A repository's consumers, of one digest unless that is default, by digest, principal, address and user agent, after the given key.</summary>
    /// <exception cref="FormatException">The key is not one that a page gave.</exception>
    ValueTask<Page<ConsumerRecord>> ListConsumersAsync(
        long registryId, RepositoryName repository, Digest digest, string? after, int limit, CancellationToken cancellationToken);
}

/// <summary>One who pulls a manifest.</summary>
/// <param name="RegistryId">The registry.</param>
/// <param name="Repository">The repository.</param>
/// <param name="Digest">The manifest.</param>
/// <param name="Principal">The principal's name; empty without credentials.</param>
/// <param name="Address">The client's address.</param>
/// <param name="UserAgent">The client's user agent.</param>
/// <param name="Count">How often.</param>
/// <param name="FirstAt">The first time.</param>
/// <param name="LastAt">The last time.</param>
public sealed record ConsumerRecord(
    long RegistryId, RepositoryName Repository, Digest Digest, string Principal, string Address, string UserAgent, long Count,
    DateTimeOffset FirstAt, DateTimeOffset LastAt);

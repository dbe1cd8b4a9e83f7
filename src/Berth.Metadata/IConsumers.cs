using Berth.Oci;

namespace Berth.Metadata;

/// <summary>Who pulls what. Pulls are no mutations: they come in batches, aggregated, and are forgotten with the access events.</summary>
public interface IConsumers
{
    /// <summary>The most characters of a user agent that are kept.</summary>
    const int MostOfUserAgent = 200;

    /// <summary>The most rows of one manifest and principal: user agents are what clients choose them to be.</summary>
    const int MostOfPrincipal = 500;

    /// <summary>The most rows of one manifest and nobody, as those without credentials are: whoever may pull without can make them.</summary>
    const int MostOfStrangers = 50;

    /// <summary>What address and user agent of the row are in which the pulls of a manifest and principal add up that found no room for a row of their own.</summary>
    const string Others = "(others)";

    /// <summary>Adds pulls to the rows of their repository, digest, principal, address and user agent; those of repositories without a row are dropped.</summary>
    Task AddConsumersAsync(IReadOnlyCollection<ConsumerRecord> pulls, CancellationToken cancellationToken);

    /// <summary>
    /// Consumers by repository, digest, principal, address and user agent, after the given key. So many rows are looked at as the page may hold; those
    /// that are too old are left out of it.
    /// </summary>
    /// <exception cref="FormatException">The key is not one that a page gave.</exception>
    ValueTask<Page<ConsumerRecord>> ListConsumersAsync(ConsumerQuery query, string? after, int limit, CancellationToken cancellationToken);
}

/// <summary>Whose pulls are asked for.</summary>
/// <param name="RegistryId">The registry.</param>
/// <param name="Repository">The repository; null for all of them.</param>
/// <param name="Digest">The manifest; default for all of them. It goes with a repository.</param>
/// <param name="Principal">The principal's name, empty for those without credentials; null for all of them.</param>
/// <param name="Since">When the last pull must have been, or later; null for any time.</param>
public readonly record struct ConsumerQuery(
    long RegistryId, RepositoryName? Repository = null, Digest Digest = default, string? Principal = null, DateTimeOffset? Since = null);

/// <summary>One who pulls a manifest.</summary>
/// <param name="RegistryId">The registry.</param>
/// <param name="Repository">The repository.</param>
/// <param name="Digest">The manifest.</param>
/// <param name="Principal">The principal's name; empty without credentials.</param>
/// <param name="Address">The client's address, never empty.</param>
/// <param name="UserAgent">The client's user agent.</param>
/// <param name="Count">How often.</param>
/// <param name="FirstAt">The first time.</param>
/// <param name="LastAt">The last time.</param>
public sealed record ConsumerRecord(
    long RegistryId, RepositoryName Repository, Digest Digest, string Principal, string Address, string UserAgent, long Count,
    DateTimeOffset FirstAt, DateTimeOffset LastAt);

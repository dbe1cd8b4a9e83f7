namespace Berth.Metadata;

/// <summary>One page of a keyset-paged list.</summary>
/// <param name="Items">The entries, in order.</param>
/// <param name="More">Whether entries may follow the last one read.</param>
/// <param name="Last">The key to go on after; set when <paramref name="More"/>, even when a filter left no entry.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, bool More, string? Last);

using Berth.Metadata;
using Berth.Oci;

namespace Berth.Registry.Identity.Authorization;

/// <summary>A set of repository names as sorted, disjoint ranges that do not touch; equal sets have equal ranges.</summary>
public sealed class NameSet : IEquatable<NameSet>
{
    /// <summary>No name.</summary>
    public static readonly NameSet None = new([]);

    /// <summary>Every name.</summary>
    public static readonly NameSet All = new([NameRange.All]);

    private readonly NameRange[] _ranges;

    private NameSet(NameRange[] ranges) => _ranges = ranges;

    /// <summary>The ranges, in the order of the names.</summary>
    public IReadOnlyList<NameRange> Ranges => _ranges;

    /// <summary>Whether no name is in the set.</summary>
    public bool IsEmpty => _ranges.Length == 0;

    /// <summary>Whether every name is in the set.</summary>
    public bool IsAll => _ranges is [{ From: "", Until: null }];

    /// <summary>One name alone.</summary>
    public static NameSet Of(RepositoryName name) => new([NameRange.Of(name)]);

    /// <summary>The name that the text is: none when it is no repository name.</summary>
    internal static NameSet OfText(string text) => RepositoryName.TryParse(text, out var name) ? Of(name) : None;

    /// <summary>The names that start with the text; none when no name can.</summary>
    internal static NameSet StartingWith(string prefix)
    {
        if (prefix.Length == 0) return All;
        if (prefix.Length > RepositoryName.MaxLength || prefix.Any(c => !IsNameCharacter(c))) return None;
        return new([new NameRange(prefix, string.Concat(prefix.AsSpan(0, prefix.Length - 1), [(char)(prefix[^1] + 1)]))]);
    }

    /// <summary>The names in the range.</summary>
    internal static NameSet Between(NameRange range) => IsBefore(range.From, range.Until) ? new([range]) : None;

    /// <summary>The names that are in one of the sets.</summary>
    public static NameSet Union(IEnumerable<NameSet> sets)
    {
        var ranges = sets.SelectMany(set => set._ranges).ToArray();
        if (ranges.Length == 0) return None;

        Array.Sort(ranges, (x, y) => string.CompareOrdinal(x.From, y.From));
        var merged = new List<NameRange>(ranges.Length) { ranges[0] };
        foreach (var range in ranges.AsSpan(1))
        {
            var last = merged[^1];
            if (IsBefore(last.Until, range.From)) merged.Add(range);
            else if (last.Until is not null && (range.Until is null || IsBefore(last.Until, range.Until))) merged[^1] = last with { Until = range.Until };
        }

        return new([.. merged]);
    }

    /// <summary>The names that are in this set or the other.</summary>
    public NameSet Union(NameSet other) => Union([this, other]);

    /// <summary>The names that are in both sets.</summary>
    public NameSet Intersect(NameSet other)
    {
        var common = new List<NameRange>();
        for (int i = 0, j = 0; i < _ranges.Length && j < other._ranges.Length;)
        {
            var (x, y) = (_ranges[i], other._ranges[j]);
            var from = string.CompareOrdinal(x.From, y.From) < 0 ? y.From : x.From;
            var xEndsFirst = x.Until is not null && (y.Until is null || string.CompareOrdinal(x.Until, y.Until) < 0);
            var until = xEndsFirst ? x.Until : y.Until;
            if (IsBefore(from, until)) common.Add(new(from, until));
            if (xEndsFirst) i++;
            else j++;
        }

        return new([.. common]);
    }

    /// <summary>The names that are not in the set.</summary>
    public NameSet Complement()
    {
        var gaps = new List<NameRange>();
        string? from = "";
        foreach (var range in _ranges)
        {
            if (IsBefore(from, range.From)) gaps.Add(new(from!, range.From));
            from = range.Until;
        }

        if (from is not null) gaps.Add(new(from, null));
        return new([.. gaps]);
    }

    /// <summary>Whether the name is in the set.</summary>
    public bool Contains(RepositoryName name)
    {
        int low = 0, high = _ranges.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (string.CompareOrdinal(name.Value, _ranges[middle].From) < 0) high = middle - 1;
            else if (_ranges[middle].Contains(name)) return true;
            else low = middle + 1;
        }

        return false;
    }

    /// <inheritdoc/>
    public bool Equals(NameSet? other) => other is not null && _ranges.AsSpan().SequenceEqual(other._ranges);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as NameSet);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var range in _ranges) hash.Add(range);
        return hash.ToHashCode();
    }

    /// <summary>The ranges as text, for messages of tests and logs.</summary>
    public override string ToString() => string.Join(" ", _ranges.Select(r => $"[{r.From}, {r.Until ?? "∞"})".Replace("\0", "\\0", StringComparison.Ordinal)));

    private static bool IsNameCharacter(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-' or '/';

    // Null is the end of all names on both sides: a range that has no end reaches everything.
    private static bool IsBefore(string? left, string? right) => left is not null && (right is null || string.CompareOrdinal(left, right) < 0);
}

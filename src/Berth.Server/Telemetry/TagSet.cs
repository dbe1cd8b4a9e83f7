using System.Diagnostics.CodeAnalysis;

namespace Berth.Server.Telemetry;

/// <summary>The tags of a measurement, in the order they came.</summary>
internal sealed class TagSet(KeyValuePair<string, object?>[] tags)
{
    /// <summary>The tags.</summary>
    public KeyValuePair<string, object?>[] Tags { get; } = tags;
}

/// <summary>Compares tags by name and value in their order, also those of a measurement that has not been stored yet.</summary>
internal sealed class TagSetComparer : IEqualityComparer<TagSet>, IAlternateEqualityComparer<ReadOnlySpan<KeyValuePair<string, object?>>, TagSet>
{
    /// <summary>The one instance.</summary>
    public static readonly TagSetComparer Instance = new();

    private TagSetComparer()
    {
    }

    /// <inheritdoc/>
    public bool Equals(TagSet? x, TagSet? y) => x is null || y is null ? x == y : Equals(x.Tags.AsSpan(), y);

    /// <inheritdoc/>
    public int GetHashCode([DisallowNull] TagSet obj) => GetHashCode(obj.Tags.AsSpan());

    /// <inheritdoc/>
    public bool Equals(ReadOnlySpan<KeyValuePair<string, object?>> alternate, TagSet other)
    {
        if (alternate.Length != other.Tags.Length)
            return false;
        for (var i = 0; i < alternate.Length; i++)
        {
            if (!string.Equals(alternate[i].Key, other.Tags[i].Key, StringComparison.Ordinal) || !Equals(alternate[i].Value, other.Tags[i].Value))
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public int GetHashCode(ReadOnlySpan<KeyValuePair<string, object?>> alternate)
    {
        var hash = alternate.Length;
        foreach (var (key, value) in alternate)
            hash = HashCode.Combine(hash, key.GetHashCode(StringComparison.Ordinal), value);
        return hash;
    }

    /// <inheritdoc/>
    public TagSet Create(ReadOnlySpan<KeyValuePair<string, object?>> alternate) => new(alternate.ToArray());
}

using Berth.Oci;

namespace Berth.Metadata;

/// <summary>
/// A range of repository names in byte order, what a grant becomes when a list is filtered by it: one name, all names under a prefix,
/// or all.
/// </summary>
/// <param name="From">The first name in the range; "" for the start.</param>
/// <param name="Until">The first name after the range; null for no end.</param>
public readonly record struct NameRange(string From, string? Until)
{
    /// <summary>Every repository.</summary>
    public static readonly NameRange All = new("", null);

    /// <summary>One repository alone.</summary>
    public static NameRange Of(RepositoryName name) => new(name.Value, name.Value + "\0");

    /// <summary>Whether the name lies in the range.</summary>
    public bool Contains(RepositoryName name) =>
        string.CompareOrdinal(name.Value, From) >= 0 && (Until is null || string.CompareOrdinal(name.Value, Until) < 0);
}

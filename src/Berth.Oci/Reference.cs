namespace Berth.Oci;

/// <summary>What names a manifest inside a repository: a tag or a digest.</summary>
public readonly record struct Reference
{
    private Reference(Tag tag, Digest digest)
    {
        Tag = tag;
        Digest = digest;
    }

    /// <summary>The tag; meaningless when <see cref="IsDigest"/>.</summary>
    public Tag Tag { get; }

    /// <summary>The digest; default when the reference is a tag.</summary>
    public Digest Digest { get; }

    /// <summary>Whether the reference is a digest.</summary>
    public bool IsDigest => !Digest.IsDefault;

    /// <summary>A reference by tag.</summary>
    public static Reference To(Tag tag) => new(tag, default);

    /// <summary>A reference by digest.</summary>
    public static Reference To(Digest digest) => new(default, digest);

    /// <summary>Reads a reference: with a colon it must be a digest, without one a tag.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Reference reference)
    {
        reference = default;
        if (text.Contains(':'))
        {
            if (!Digest.TryParse(text, out var digest)) return false;
            reference = To(digest);
            return true;
        }

        if (!Tag.TryParse(text, out var tag)) return false;
        reference = To(tag);
        return true;
    }

    /// <summary>The reference as it is written.</summary>
    public override string ToString() => IsDigest ? Digest.ToString() : Tag.ToString();
}

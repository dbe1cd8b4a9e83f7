using Berth.Oci;

namespace Berth.Registry.Distribution;

/// <summary>The kinds of resource under <c>/v2/</c>.</summary>
public enum ResourceKind
{
    /// <summary><c>/v2/</c></summary>
    Root,

    /// <summary><c>/v2/_catalog</c></summary>
    Catalog,

    /// <summary><c>/v2/_uploads</c></summary>
    OpenUploads,

    /// <summary><c>/v2/{name}/tags/list</c></summary>
    Tags,

    /// <summary><c>/v2/{name}/manifests/{reference}</c></summary>
    Manifest,

    /// <summary><c>/v2/{name}/referrers/{digest}</c></summary>
    Referrers,

    /// <summary><c>/v2/{name}/blobs/{digest}</c></summary>
    Blob,

    /// <summary><c>/v2/{name}/blobs/uploads/</c></summary>
    Uploads,

    /// <summary><c>/v2/{name}/blobs/uploads/{id}</c></summary>
    Upload,
}

/// <summary>
/// The resource that a request target names. The raw target is read, because a server framework folds dot segments and decodes
/// escapes away; it is read from the end, because a repository's name may hold any word that stands in the paths.
/// </summary>
/// <param name="Kind">The kind of resource.</param>
/// <param name="Repository">The repository; default for the root and the catalog.</param>
/// <param name="Reference">The tag or digest of a manifest.</param>
/// <param name="Digest">The digest of a blob or of referrers' subject.</param>
/// <param name="UploadId">The id of an upload session.</param>
public readonly record struct RequestTarget(
    ResourceKind Kind, RepositoryName Repository = default, Reference Reference = default, Digest Digest = default, string? UploadId = null)
{
    private const int MaxUploadIdLength = 96;

    /// <summary>Reads the path part of a raw request target that starts with <c>/v2</c>.</summary>
    /// <exception cref="OciException">400 for a path, name, digest or reference that is not well formed; 404 for a path that names nothing.</exception>
    public static RequestTarget Parse(ReadOnlySpan<char> path)
    {
        if (path is "/v2" or "/v2/") return new RequestTarget(ResourceKind.Root);

        // %3A is the colon of a digest, %2F a slash of a name, which is read as one where a name stands and nowhere else; any other escape could hide a dot.
        if (path.Contains('%')) path = path.ToString().Replace("%3A", ":", StringComparison.OrdinalIgnoreCase);
        RefuseHostile(path);

        var rest = path["/v2/".Length..];
        if (rest is "_catalog") return new RequestTarget(ResourceKind.Catalog);
        if (rest is "_uploads") return new RequestTarget(ResourceKind.OpenUploads);
        if (TryCut(rest, "/tags/list", out var name)) return new RequestTarget(ResourceKind.Tags, Name(name));
        if (TryCut(rest, "/blobs/uploads/", out name) || TryCut(rest, "/blobs/uploads", out name)) return new RequestTarget(ResourceKind.Uploads, Name(name));

        var slash = rest.LastIndexOf('/');
        if (slash <= 0) throw NotFound();
        var last = rest[(slash + 1)..];
        var before = rest[..slash];

        if (TryCut(before, "/manifests", out name)) return new RequestTarget(ResourceKind.Manifest, Name(name), Reference: ReferenceOf(last));
        if (TryCut(before, "/referrers", out name)) return new RequestTarget(ResourceKind.Referrers, Name(name), Digest: DigestOf(last));
        if (TryCut(before, "/blobs/uploads", out name)) return new RequestTarget(ResourceKind.Upload, Name(name), UploadId: UploadIdOf(last));
        if (TryCut(before, "/blobs", out name)) return new RequestTarget(ResourceKind.Blob, Name(name), Digest: DigestOf(last));
        throw NotFound();
    }

    private static void RefuseHostile(ReadOnlySpan<char> path)
    {
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] is <= ' ' or >= (char)0x7f or '\\' || (path[i] == '%' && !IsSlash(path[i..])))
                throw new OciException(OciErrorCode.NameInvalid, "The path holds a character that no name, tag or digest has; only the escapes %3A and %2F are accepted.");
        }

        if (path.IndexOf("//") >= 0 || path.IndexOf("/./") >= 0 || path.IndexOf("/../") >= 0 || path.EndsWith("/.") || path.EndsWith("/.."))
            throw new OciException(OciErrorCode.NameInvalid, "The path holds an empty or a dot segment; write each name in full.");
    }

    private static bool IsSlash(ReadOnlySpan<char> escape) => escape.StartsWith("%2F", StringComparison.OrdinalIgnoreCase);

    private static bool TryCut(ReadOnlySpan<char> text, ReadOnlySpan<char> suffix, out ReadOnlySpan<char> before)
    {
        before = default;
        if (!text.EndsWith(suffix) || text.Length == suffix.Length) return false;
        before = text[..^suffix.Length];
        return true;
    }

    private static RepositoryName Name(ReadOnlySpan<char> text)
    {
        // The Azure SDKs write a name's slashes so. What comes of it has to be a name, which has no empty parts and no dots alone.
        if (text.Contains('%')) text = text.ToString().Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        return RepositoryName.TryParse(text, out var name) ? name : throw new OciException(
            OciErrorCode.NameInvalid,
            $"'{Shorten(text)}' is not a repository name: lower-case letters, digits and single separators . _ - in parts joined by /, at most {RepositoryName.MaxLength} characters.",
            detail: Shorten(text));
    }

    private static Reference ReferenceOf(ReadOnlySpan<char> text)
    {
        if (Reference.TryParse(text, out var reference)) return reference;
        if (text.Contains(':')) throw InvalidDigest(text);
        throw new OciException(
            OciErrorCode.TagInvalid,
            $"'{Shorten(text)}' is not a tag: letters, digits, _ . -, not starting with . or -, at most {Tag.MaxLength} characters.", detail: Shorten(text));
    }

    private static Digest DigestOf(ReadOnlySpan<char> text) => Digest.TryParse(text, out var digest) ? digest : throw InvalidDigest(text);

    private static string UploadIdOf(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= MaxUploadIdLength && !text.Contains('%') ? text.ToString() : throw NotFound();

    private static OciException InvalidDigest(ReadOnlySpan<char> text) => new(
        OciErrorCode.DigestInvalid, $"'{Shorten(text)}' is not a digest: sha256: and 64, or sha512: and 128, lower-case hexadecimal digits.",
        detail: Shorten(text));

    private static OciException NotFound() => new(
        OciErrorCode.NameUnknown, "Nothing is served at this path; see the OCI distribution spec for the paths under /v2/.", status: 404);

    private static string Shorten(ReadOnlySpan<char> text) => ClientText.ShortenVisibly(text, 300);
}

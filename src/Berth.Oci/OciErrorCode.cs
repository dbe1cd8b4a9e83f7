using System.Collections.Frozen;

namespace Berth.Oci;

/// <summary>The error codes of the OCI distribution spec ("Error Codes") and the few that registries add.</summary>
public enum OciErrorCode
{
    /// <summary>code-1: blob unknown to registry.</summary>
    BlobUnknown,

    /// <summary>code-2: blob upload invalid.</summary>
    BlobUploadInvalid,

    /// <summary>code-3: blob upload unknown to registry.</summary>
    BlobUploadUnknown,

    /// <summary>code-4: provided digest did not match uploaded content.</summary>
    DigestInvalid,

    /// <summary>code-5: manifest references a manifest or blob unknown to registry.</summary>
    ManifestBlobUnknown,

    /// <summary>code-6: manifest invalid.</summary>
    ManifestInvalid,

    /// <summary>code-7: manifest unknown to registry.</summary>
    ManifestUnknown,

    /// <summary>code-8: invalid repository name.</summary>
    NameInvalid,

    /// <summary>code-9: repository name not known to registry.</summary>
    NameUnknown,

    /// <summary>code-10: provided length did not match content length.</summary>
    SizeInvalid,

    /// <summary>code-11: authentication required.</summary>
    Unauthorized,

    /// <summary>code-12: requested access to the resource is denied.</summary>
    Denied,

    /// <summary>code-13: the operation is unsupported.</summary>
    Unsupported,

    /// <summary>code-14: too many requests.</summary>
    TooManyRequests,

    /// <summary>An invalid tag name (Docker's code, kept by most registries).</summary>
    TagInvalid,

    /// <summary>A tag that the repository does not have (Azure Container Registry's code); <c>/v2/</c> answers <c>MANIFEST_UNKNOWN</c> instead.</summary>
    TagUnknown,

    /// <summary>An invalid number of entries for a list (Docker's code).</summary>
    PaginationNumberInvalid,

    /// <summary>A dependency of the registry does not answer, or the registry is stopping (Docker's code); answered with 503.</summary>
    Unavailable,

    /// <summary>The request is not well formed in a way that no other code names.</summary>
    BadRequest,

    /// <summary>The volume that would hold the content is full; answered with 507.</summary>
    StorageFull,

    /// <summary>An error that should not happen; the request id finds it in the logs.</summary>
    Unknown,
}

/// <summary>Each code's text on the wire and its usual HTTP status.</summary>
public static class OciErrorCodes
{
    private static readonly FrozenDictionary<string, OciErrorCode> ByText =
        Enum.GetValues<OciErrorCode>().ToFrozenDictionary(code => code.Describe().Code, StringComparer.Ordinal);

    /// <summary>The code's text on the wire and the status it is usually answered with.</summary>
    public static (string Code, int Status) Describe(this OciErrorCode code) => code switch
    {
        OciErrorCode.BlobUnknown => ("BLOB_UNKNOWN", 404),
        OciErrorCode.BlobUploadInvalid => ("BLOB_UPLOAD_INVALID", 400),
        OciErrorCode.BlobUploadUnknown => ("BLOB_UPLOAD_UNKNOWN", 404),
        OciErrorCode.DigestInvalid => ("DIGEST_INVALID", 400),
        OciErrorCode.ManifestBlobUnknown => ("MANIFEST_BLOB_UNKNOWN", 400),
        OciErrorCode.ManifestInvalid => ("MANIFEST_INVALID", 400),
        OciErrorCode.ManifestUnknown => ("MANIFEST_UNKNOWN", 404),
        OciErrorCode.NameInvalid => ("NAME_INVALID", 400),
        OciErrorCode.NameUnknown => ("NAME_UNKNOWN", 404),
        OciErrorCode.SizeInvalid => ("SIZE_INVALID", 400),
        OciErrorCode.Unauthorized => ("UNAUTHORIZED", 401),
        OciErrorCode.Denied => ("DENIED", 403),
        OciErrorCode.Unsupported => ("UNSUPPORTED", 405),
        OciErrorCode.TooManyRequests => ("TOOMANYREQUESTS", 429),
        OciErrorCode.TagInvalid => ("TAG_INVALID", 400),
        OciErrorCode.TagUnknown => ("TAG_UNKNOWN", 404),
        OciErrorCode.PaginationNumberInvalid => ("PAGINATION_NUMBER_INVALID", 400),
        OciErrorCode.Unavailable => ("UNAVAILABLE", 503),
        OciErrorCode.BadRequest => ("BAD_REQUEST", 400),
        OciErrorCode.StorageFull => ("STORAGE_FULL", 507),
        _ => ("UNKNOWN", 500),
    };

    /// <summary>Reads a code as it stands on the wire, in its exact upper case; false for one that is not known here.</summary>
    public static bool TryParse(string? text, out OciErrorCode code) => ByText.TryGetValue(text ?? "", out code);
}

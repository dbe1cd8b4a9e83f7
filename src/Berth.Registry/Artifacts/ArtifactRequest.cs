using System.Globalization;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Artifacts;

/// <summary>One request to <c>/acr/v1</c> that was let in.</summary>
/// <param name="Http">The HTTP request and answer.</param>
/// <param name="Admission">Who asks, of which registry, and with what rights.</param>
/// <param name="Repository">The repository of the path; default for the catalog.</param>
internal sealed record ArtifactRequest(HttpContext Http, Admission Admission, RepositoryName Repository)
{
    /// <summary>Ends when the client goes away.</summary>
    public CancellationToken Aborted => Http.RequestAborted;

    /// <summary>Who asks, as the ledger records it.</summary>
    public Caller Caller => Admission.Principal.CallerOf(Http);

    /// <summary>A query parameter's value, or null.</summary>
    public string? Query(string name) => Http.Request.Query[name] is [{ Length: > 0 } value] ? value : null;

    /// <summary>How many entries are asked for, and after which.</summary>
    /// <exception cref="OciException">400: <c>n</c> is no number from 1 up.</exception>
    public (int Count, string? Last) ReadPage(int defaultCount, int maxCount)
    {
        if (Query("n") is not { } text) return (defaultCount, Query("last"));
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
            ? (Math.Min(count, maxCount), Query("last"))
            : throw new OciException(OciErrorCode.PaginationNumberInvalid, "n must be a whole number from 1 to 2147483647.");
    }

    /// <summary>The manifest that the list is to be of; null for all.</summary>
    /// <exception cref="OciException">400: <c>digest</c> is none.</exception>
    public Digest? ReadDigest()
    {
        var values = Http.Request.Query["digest"];
        if (values.Count == 0) return null;
        return Digest.TryParse(values.ToString(), out var digest)
            ? digest
            : throw new OciException(OciErrorCode.DigestInvalid, "digest must be the digest of a manifest, such as sha256:<64 hexadecimal digits>.");
    }

    /// <summary>Answers with a JSON object.</summary>
    public Task AnswerAsync(int status, Action<Utf8JsonWriter> write) => JsonAnswer.WriteObjectAsync(Http, status, write, "private, no-cache");
}

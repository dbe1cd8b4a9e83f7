using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Artifacts;

/// <summary>One request to <c>/acr/v1</c> that was let in.</summary>
/// <param name="Http">The HTTP request and answer.</param>
/// <param name="Admission">Who asks, of which registry, and with what rights.</param>
/// <param name="Target">What is asked for.</param>
internal sealed record ArtifactRequest(HttpContext Http, Admission Admission, ArtifactTarget Target)
{
    /// <summary>The registry's row.</summary>
    public long Registry => Admission.Registry.Id;

    /// <summary>The repository of the path; default for the catalog.</summary>
    public RepositoryName Repository => Target.Repository;

    /// <summary>Ends when the client goes away.</summary>
    public CancellationToken Aborted => Http.RequestAborted;

    /// <summary>Who asks, as the ledger records it.</summary>
    public Caller Caller => Admission.Principal.CallerOf(Http);

    /// <summary>A query parameter's value, or null.</summary>
    public string? Query(string name) => Http.Request.Query[name] is [{ Length: > 0 } value] ? value : null;

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

    /// <summary>The error for a repository that the registry does not have.</summary>
    public OciException UnknownRepository() => new(
        OciErrorCode.NameUnknown, $"This registry has no repository '{Repository}'.", detail: Repository.ToString());

    /// <summary>The error for a tag or a manifest that the repository does not have.</summary>
    public OciException UnknownReference() => new(
        Target.Reference.IsDigest ? OciErrorCode.ManifestUnknown : OciErrorCode.TagUnknown,
        $"The repository '{Repository}' has no {(Target.Reference.IsDigest ? "manifest" : "tag")} {Target.Reference}.", detail: Target.Reference.ToString());
}

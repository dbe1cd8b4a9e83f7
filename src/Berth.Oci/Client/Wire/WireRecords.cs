using System.Text.Json;
using System.Text.Json.Serialization;

namespace Berth.Oci.Client.Wire;

/// <summary>The body of an error (OCI distribution spec, "Error Codes").</summary>
internal sealed record ErrorBody([property: JsonPropertyName("errors")] IReadOnlyList<ErrorEntry?>? Errors);

/// <summary>One error of a body; the detail is any JSON.</summary>
internal sealed record ErrorEntry(
    [property: JsonPropertyName("code")] string? Code,
    [property: JsonPropertyName("message")] string? Message,
    [property: JsonPropertyName("detail")] JsonElement? Detail);

/// <summary>The answer of a token authority (Docker token authentication; RFC 6749, section 5.1).</summary>
internal sealed record TokenBody(
    [property: JsonPropertyName("token")] string? Token,
    [property: JsonPropertyName("access_token")] string? AccessToken,
    [property: JsonPropertyName("expires_in")] double? ExpiresIn);

/// <summary>A page of tags.</summary>
internal sealed record TagsBody([property: JsonPropertyName("tags")] IReadOnlyList<string>? Tags);

/// <summary>A page of repositories.</summary>
internal sealed record CatalogBody([property: JsonPropertyName("repositories")] IReadOnlyList<string>? Repositories);

/// <summary>A page of referrers: an index.</summary>
internal sealed record ReferrersBody([property: JsonPropertyName("manifests")] IReadOnlyList<ReferrerEntry?>? Manifests);

/// <summary>One referrer.</summary>
internal sealed record ReferrerEntry(
    [property: JsonPropertyName("mediaType")] string? MediaType,
    [property: JsonPropertyName("digest")] string? Digest,
    [property: JsonPropertyName("size")] long? Size,
    [property: JsonPropertyName("artifactType")] string? ArtifactType,
    [property: JsonPropertyName("annotations")] IReadOnlyDictionary<string, string>? Annotations);

[JsonSerializable(typeof(ErrorBody))]
[JsonSerializable(typeof(TokenBody))]
[JsonSerializable(typeof(TagsBody))]
[JsonSerializable(typeof(CatalogBody))]
[JsonSerializable(typeof(ReferrersBody))]
[JsonSerializable(typeof(JsonDocument))]
internal sealed partial class WireContext : JsonSerializerContext;

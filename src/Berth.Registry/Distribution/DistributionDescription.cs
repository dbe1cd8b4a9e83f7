using System.Diagnostics;
using Berth.Registry.ApiReference;

namespace Berth.Registry.Distribution;

/// <summary>What the API's document says of the data plane's routes.</summary>
internal static class DistributionDescription
{
    private const string Bytes = "application/octet-stream";

    // Any of the media types that a manifest may have.
    private const string AnyManifest = "application/vnd.oci.image.manifest.v1+json";

    private static readonly ApiParameter[] Page =
        [new("n", "The most entries of the page.", Type: "integer"), new("last", "The entry that the page goes on after.")];

    /// <summary>The calls.</summary>
    public static IEnumerable<ApiCall> Calls => DistributionRoute.All.SelectMany(route =>
    {
        var call = Describe(route) with { Right = route.Action is { } action ? $"repository {action}" : $"registry {route.RegistryAction}" };
        return route.AnswersHead ? [call, call with { Name = $"{route.Name}.head", Method = "HEAD", Summary = $"{call.Summary[..^1]}: the headers alone." }] : new[] { call };
    });

    private static ApiCall Describe(DistributionRoute route) => route.Name switch
    {
        "root" => Of(route, "Says that the registry speaks this API, and who is asked to sign in.", new ApiAnswer(200, new ApiContent("Empty"))),
        "catalog" => Of(route, "Lists the repositories that the caller may see, by name.", new ApiAnswer(200, new ApiContent("Catalog"), "Link")) with { Parameters = Page },
        "uploads.list" => Of(route, "Lists the registry's open upload sessions.", new ApiAnswer(200, new ApiContent("OpenUploads"), "Link")) with { Parameters = Page },
        "tags.list" => Of(route, "Lists a repository's tags, by name.", new ApiAnswer(200, new ApiContent("TagNames"), "Link")) with { Parameters = Page },
        "manifest.get" => Of(
            route, "Gives a manifest as it was pushed.", new ApiAnswer(200, new ApiContent("ImageManifest", AnyManifest), "Docker-Content-Digest", "ETag"), new ApiAnswer(304)),
        "manifest.put" => Of(
            route, "Stores a manifest, and sets the tag of the path or those of the query.", new ApiAnswer(201, null, "Location", "Docker-Content-Digest", "OCI-Subject", "OCI-Tag")) with
        {
            Parameters = [new("tag", "A tag to set; may be given several times where the path names a digest.")],
            Body = new ApiContent("ImageManifest", AnyManifest),
            Errors = [409, 413, 415, 507],
        },
        "manifest.delete" => Of(route, "Deletes a tag, or a manifest with its tags.", new ApiAnswer(202)) with { Errors = [409] },
        "referrers.list" => Of(
            route, "Lists the manifests that have the digest for their subject.", new ApiAnswer(200, new ApiContent("Referrers", "application/vnd.oci.image.index.v1+json"), "Link", "OCI-Filters-Applied")) with
        {
            Parameters = [new("artifactType", "Leaves only those of this type."), .. Page],
        },
        "blob.get" => Of(
            route, "Gives a blob, or a part of it.", new ApiAnswer(200, new ApiContent(null, Bytes), "Docker-Content-Digest", "ETag", "Accept-Ranges"),
            new ApiAnswer(206, new ApiContent(null, Bytes), "Content-Range"), new ApiAnswer(304)) with
        {
            Parameters = [new("Range", "The bytes that are wanted (RFC 9110, 14.2).", In: "header")],
            Errors = [412, 416],
        },
        "blob.delete" => Of(route, "Takes a blob out of a repository.", new ApiAnswer(202)) with { Errors = [409] },
        "upload.start" => Of(
            route, "Begins an upload; or mounts a blob of another repository, or stores the body, at once.", new ApiAnswer(201, null, "Location", "Docker-Content-Digest"),
            new ApiAnswer(202, null, "Location", "Range", "Docker-Upload-UUID")) with
        {
            Parameters =
            [
                new("mount", "The digest of a blob that need not be sent, where another repository has it."), new("from", "That repository."),
                new("digest", "The digest of the body, which is the whole blob."), new("digest-algorithm", "sha512, for a blob that is named by it at the end."),
            ],
            Body = new ApiContent(null, Bytes, IsRequired: false),
            Errors = [409, 415, 507],
        },
        "upload.status" => Of(route, "Says how far an upload is.", new ApiAnswer(204, null, "Location", "Range", "Docker-Upload-UUID")),
        "upload.append" => Of(route, "Appends to an upload.", new ApiAnswer(202, null, "Location", "Range", "Docker-Upload-UUID")) with
        {
            Parameters = [new("Content-Range", "The first and the last byte of the chunk, such as 0-1023.", In: "header")],
            Body = new ApiContent(null, Bytes),
            Errors = [409, 415, 416, 507],
        },
        "upload.finish" => Of(route, "Ends an upload, with its last bytes or none.", new ApiAnswer(201, null, "Location", "Docker-Content-Digest")) with
        {
            Parameters = [new("digest", "The digest of all that was sent.", IsRequired: true), new("Content-Range", "The first and the last byte of the body, where it has one.", In: "header")],
            Body = new ApiContent(null, Bytes, IsRequired: false),
            Errors = [409, 415, 416, 507],
        },
        "upload.cancel" => Of(route, "Ends an upload; what was sent is discarded.", new ApiAnswer(204)),
        _ => throw new UnreachableException(route.Name),
    };

    private static ApiCall Of(DistributionRoute route, string summary, params ApiAnswer[] answers) =>
        new(route.Name, route.Method, PathOf(route.Kind), ApiPart.Distribution, summary) { Answers = answers };

    internal static string PathOf(ResourceKind kind) => kind switch
    {
        ResourceKind.Root => "/v2/",
        ResourceKind.Catalog => "/v2/_catalog",
        ResourceKind.OpenUploads => "/v2/_uploads",
        ResourceKind.Tags => "/v2/{name}/tags/list",
        ResourceKind.Manifest => "/v2/{name}/manifests/{reference}",
        ResourceKind.Referrers => "/v2/{name}/referrers/{digest}",
        ResourceKind.Blob => "/v2/{name}/blobs/{digest}",
        ResourceKind.Uploads => "/v2/{name}/blobs/uploads/",
        ResourceKind.Upload => "/v2/{name}/blobs/uploads/{id}",
        _ => throw new UnreachableException(kind.ToString()),
    };
}

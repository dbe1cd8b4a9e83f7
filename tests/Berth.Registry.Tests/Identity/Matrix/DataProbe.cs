using System.Net.Http.Headers;
using System.Text;
using Berth.Oci;
using Berth.Registry.Artifacts;
using Berth.Registry.Distribution;
using Berth.Registry.Lifecycle.Quarantines;
using Berth.Registry.Lifecycle.Rules;
using Berth.Registry.Lifecycle.TagRules;
using Berth.Registry.Lifecycle.Usage;
using Berth.Registry.Lifecycle.Workloads;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Identity.Matrix;

/// <summary>
/// One request for each row of the route tables of <c>/v2/</c>, <c>/acr/v1</c> and a registry's own <c>/berth/v1</c>, HEAD and mounts included, and what it needs. A row that is not known here
/// has no request: the tests then fail until somebody writes down who may make it.
/// </summary>
/// <param name="Name">The route.</param>
/// <param name="Method">The method.</param>
/// <param name="Need">What it needs.</param>
/// <param name="Real">A target where it would do something, if it were let in.</param>
/// <param name="Harmless">A target where it changes nothing although it is let in.</param>
/// <param name="Body">What is sent to the real target.</param>
/// <param name="HarmlessBody">What is sent to the harmless one.</param>
/// <param name="Type">The body's type.</param>
internal sealed record DataProbe(string Name, string Method, Need Need, string Real, string? Harmless = null, byte[]? Body = null, byte[]? HarmlessBody = null, string? Type = null)
{
    public const string Absent = "sha256:00000000000000000000000000000000000000000000000000000000000000aa";
    public const string AbsentUpload = "00000000000000000000000000000000";
    public static readonly byte[] Used = "a layer"u8.ToArray();
    public static readonly byte[] Free = "a blob without a manifest"u8.ToArray();
    public static readonly byte[] New = "pushed by somebody who may not"u8.ToArray();

    /// <summary>Every request, at a repository where an upload session stands open.</summary>
    public static IReadOnlyList<DataProbe> All(string repository, string upload) =>
    [
        .. DistributionRoute.All.SelectMany(route => route.AnswersHead ? [route, route with { Method = "HEAD" }] : new[] { route })
            .Select(route => OfDistribution(route, repository, upload)),
        new DataProbe(
            "upload.start (mount)", "POST", Need.Push, $"/v2/{repository}/blobs/uploads/?mount={DigestOf(Used)}&from=public/tool&digest={DigestOf(New)}",
            $"/v2/{repository}/blobs/uploads/?digest=none", New),
        new DataProbe(
            "manifest.put (tags)", "PUT", Need.Push, $"/v2/{repository}/manifests/{DigestOf(RegistryClientExtensions.Image(Used))}?tag=stolen",
            $"/v2/{repository}/manifests/new", RegistryClientExtensions.Image(Used), "{"u8.ToArray(), MediaTypes.OciManifest),
        .. ArtifactRoute.All.Select(route => OfArtifacts(route, repository)),
        .. WorkloadRoute.All.Select(OfWorkloads),
        .. TagRuleRoute.All.Select(OfTagRules),
        .. QuarantineRoute.All.Select(route => OfQuarantine(route, repository)),
        new DataProbe(
            "artifacts.manifest.update (quarantine)", "PATCH", Need.WriteMetadata, $"/acr/v1/{repository}/_manifests/{DigestOf(RegistryClientExtensions.Image(Used))}", null,
            """{"writeEnabled":false,"quarantineState":"Failed"}"""u8.ToArray(), "{}"u8.ToArray(), "application/json"),
        .. UsageRoute.All.Select(route => OfUsage(route, repository)),
        .. LifecycleRoute.All.Select(OfLifecycle),
    ];

    public static Digest DigestOf(byte[] bytes) => Digest.Compute(DigestAlgorithm.Sha256, bytes);

    public HttpRequestMessage Request(bool real, string? host = null)
    {
        var request = new HttpRequestMessage(new HttpMethod(Method), new Uri(real ? Real : Harmless ?? Real, UriKind.Relative));
        if (host is not null) request.Headers.Host = host;
        if ((real ? Body : HarmlessBody) is { } body)
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(Type ?? "application/octet-stream") } };
        return request;
    }

    private static DataProbe OfDistribution(DistributionRoute route, string repository, string upload)
    {
        var (v2, uploads) = ($"/v2/{repository}", $"/v2/{repository}/blobs/uploads");
        var whole = $"digest={DigestOf([.. "first "u8, .. New])}";
        return route.Name switch
        {
            "root" => Make(Need.SignIn, "/v2/"),
            "catalog" => Make(Need.Catalog, "/v2/_catalog"),
            "uploads.list" => Make(Need.OpenUploads, "/v2/_uploads"),
            "tags.list" => Make(Need.ReadMetadata, $"{v2}/tags/list"),
            "manifest.get" => Make(Need.Pull, $"{v2}/manifests/1"),
            "manifest.put" => Make(Need.Push, $"{v2}/manifests/stolen", null, RegistryClientExtensions.Image(Used), "{"u8.ToArray(), MediaTypes.OciManifest),
            "manifest.delete" => Make(Need.Delete, $"{v2}/manifests/1", $"{v2}/manifests/absent"),
            "referrers.list" => Make(Need.Pull, $"{v2}/referrers/{DigestOf(RegistryClientExtensions.Image(Used))}"),
            "blob.get" => Make(Need.Pull, $"{v2}/blobs/{DigestOf(Used)}"),
            "blob.delete" => Make(Need.Delete, $"{v2}/blobs/{DigestOf(Free)}", $"{v2}/blobs/{Absent}"),
            "upload.start" => Make(Need.Push, $"{uploads}/?digest={DigestOf(New)}", $"{uploads}/?digest=none", New),
            "upload.status" => Make(Need.Push, $"{uploads}/{upload}", $"{uploads}/{AbsentUpload}"),
            "upload.append" => Make(Need.Push, $"{uploads}/{upload}", $"{uploads}/{AbsentUpload}", New, New),
            "upload.finish" => Make(Need.Push, $"{uploads}/{upload}?{whole}", $"{uploads}/{AbsentUpload}?{whole}", New, New),
            "upload.cancel" => Make(Need.Push, $"{uploads}/{upload}", $"{uploads}/{AbsentUpload}"),
            _ => throw new InvalidOperationException($"The route {route.Name} is new: give it a request, and say here what one needs for it."),
        };

        DataProbe Make(Need need, string real, string? harmless = null, byte[]? body = null, byte[]? harmlessBody = null, string? type = null) =>
            new(route.Name, route.Method, need, real, harmless, body, harmlessBody, type);
    }

    private static DataProbe OfArtifacts(ArtifactRoute route, string repository) => route.Name switch
    {
        "artifacts.catalog" => new(route.Name, route.Method, Need.Catalog, "/acr/v1/_catalog"),
        "artifacts.tags" => new(route.Name, route.Method, Need.ReadMetadata, $"/acr/v1/{repository}/_tags"),
        "artifacts.repository.update" => new(
            route.Name, route.Method, Need.WriteMetadata, $"/acr/v1/{repository}", null, Encoding.UTF8.GetBytes("""{"anonymousPullEnabled":true}"""), "{}"u8.ToArray(), "application/json"),
        "artifacts.repository.show" => new(route.Name, route.Method, Need.ReadMetadata, $"/acr/v1/{repository}"),
        "artifacts.tag.show" => new(route.Name, route.Method, Need.ReadMetadata, $"/acr/v1/{repository}/_tags/1"),
        "artifacts.tag.update" => OfChange(route, $"/acr/v1/{repository}/_tags/1"),
        "artifacts.tag.delete" => new(route.Name, route.Method, Need.Delete, $"/acr/v1/{repository}/_tags/1", $"/acr/v1/{repository}/_tags/absent"),
        "artifacts.manifests" => new(route.Name, route.Method, Need.ReadMetadata, $"/acr/v1/{repository}/_manifests"),
        "artifacts.manifest.show" => new(
            route.Name, route.Method, Need.ReadMetadata, $"/acr/v1/{repository}/_manifests/{DigestOf(RegistryClientExtensions.Image(Used))}"),
        "artifacts.manifest.update" => OfChange(route, $"/acr/v1/{repository}/_manifests/{DigestOf(RegistryClientExtensions.Image(Used))}"),
        "artifacts.deleted.catalog" => new(route.Name, route.Method, Need.DeletedCatalog, "/acr/v1/_deleted/_catalog"),
        "artifacts.deleted.tags" => new(route.Name, route.Method, Need.ReadDeleted, $"/acr/v1/_deleted/{repository}/_tags"),
        "artifacts.deleted.manifests" => new(route.Name, route.Method, Need.ReadDeleted, $"/acr/v1/_deleted/{repository}/_manifests"),
        "artifacts.deleted.restore" => new(
            route.Name, route.Method, Need.RestoreDeleted, $"/acr/v1/_deleted/{repository}/_manifests/{DigestOf(RegistryClientExtensions.Image(Used))}",
            $"/acr/v1/_deleted/{repository}/_manifests/{Absent}", """{"tag":"stolen"}"""u8.ToArray(), "{}"u8.ToArray(), "application/json"),
        "artifacts.deleted.purge" => new(
            route.Name, route.Method, Need.Delete, $"/acr/v1/_deleted/{repository}/_manifests/{DigestOf(RegistryClientExtensions.Image(Used))}",
            $"/acr/v1/_deleted/{repository}/_manifests/{Absent}"),
        "artifacts.repository.delete" => new(route.Name, route.Method, Need.Delete, $"/acr/v1/{repository}", "/acr/v1/team/absent"),
        _ => throw new InvalidOperationException($"The route {route.Name} is new: give it a request, and say here what one needs for it."),
    };

    private static DataProbe OfWorkloads(WorkloadRoute route) => route.Name switch
    {
        "workloads.list" => new(route.Name, route.Method, Need.ReadWorkloads, "/berth/v1/workloads"),
        "workloads.show" => new(route.Name, route.Method, Need.ReadWorkloads, "/berth/v1/workloads/web"),
        "workloads.report" => new(
            route.Name, route.Method, Need.WriteWorkloads, "/berth/v1/workloads/forged", null, """{"digests":[]}"""u8.ToArray(), "{"u8.ToArray(), "application/json"),
        "workloads.delete" => new(route.Name, route.Method, Need.WriteWorkloads, "/berth/v1/workloads/web", "/berth/v1/workloads/absent"),
        _ => throw new InvalidOperationException($"The route {route.Name} is new: give it a request, and say here what one needs for it."),
    };

    private static DataProbe OfTagRules(TagRuleRoute route) => route.Name switch
    {
        "tag-rules.list" => new(route.Name, route.Method, Need.ReadTagRules, TagRuleRoute.Root),
        "tag-rules.show" => new(route.Name, route.Method, Need.ReadTagRules, $"{TagRuleRoute.Root}/kept"),
        "tag-rules.put" => new(
            route.Name, route.Method, Need.WriteTagRules, $"{TagRuleRoute.Root}/stolen", null, """{"tags":"*"}"""u8.ToArray(), "{}"u8.ToArray(), "application/json"),
        "tag-rules.delete" => new(route.Name, route.Method, Need.DeleteTagRules, $"{TagRuleRoute.Root}/kept", $"{TagRuleRoute.Root}/absent"),
        _ => throw new InvalidOperationException($"The route {route.Name} is new: give it a request, and say here what one needs for it."),
    };

    private static DataProbe OfQuarantine(QuarantineRoute route, string repository)
    {
        var (settings, none) = ("""{"reason":"stolen"}"""u8.ToArray(), "{}"u8.ToArray());
        return route.Name switch
        {
            "quarantine.digests" => new(route.Name, route.Method, Need.ReadQuarantine, $"{QuarantineRoute.Root}/digests"),
            "quarantine.digest.put" => new(route.Name, route.Method, Need.WriteQuarantine, $"{QuarantineRoute.Root}/digests/{Absent}", null, settings, none, "application/json"),
            "quarantine.digest.delete" => new(route.Name, route.Method, Need.WriteQuarantine, $"{QuarantineRoute.Root}/digests/{Absent}"),
            "quarantine.repositories" => new(route.Name, route.Method, Need.ReadQuarantine, $"{QuarantineRoute.Root}/repositories"),
            "quarantine.repository.put" => new(route.Name, route.Method, Need.WriteQuarantine, $"{QuarantineRoute.Root}/repositories/{repository}", null, settings, none, "application/json"),
            "quarantine.repository.delete" => new(route.Name, route.Method, Need.WriteQuarantine, $"{QuarantineRoute.Root}/repositories/{repository}"),
            _ => throw new InvalidOperationException($"The route {route.Name} is new: give it a request, and say here what one needs for it."),
        };
    }

    // Who is let in sets no quota by a body that is none, and takes none away from a repository that has none.
    private static DataProbe OfUsage(UsageRoute route, string repository)
    {
        var path = route.Path.Replace("{name}", repository, StringComparison.Ordinal);
        return route.Name switch
        {
            "usage.image" => new(route.Name, route.Method, Need.ReadUsage, $"{path}?digest={DigestOf(RegistryClientExtensions.Image(Used))}"),
            "usage.images" => new(
                route.Name, route.Method, Need.ReadUsage, path, null, Encoding.UTF8.GetBytes($$"""{"digests":["{{DigestOf(RegistryClientExtensions.Image(Used))}}"]}"""), "{}"u8.ToArray(),
                "application/json"),
            "quotas.set" or "quotas.repository.set" => new(route.Name, route.Method, Need.WriteQuotas, path, null, """{"limit":1}"""u8.ToArray(), "{"u8.ToArray(), "application/json"),
            "quotas.delete" or "quotas.repository.delete" => new(route.Name, route.Method, Need.WriteQuotas, path),
            _ => new(route.Name, route.Method, Need.ReadUsage, path),
        };
    }

    private static DataProbe OfLifecycle(LifecycleRoute route)
    {
        var rule = """{"repositories":["**"],"tags":["*"],"action":"delete"}""";
        return route.Name switch
        {
            "lifecycle.rules" => Read("rules"),
            "lifecycle.rule.show" => Read("rules/absent"),
            "lifecycle.rule.save" => Write("rules/stolen?force=true", Encoding.UTF8.GetBytes(rule)),
            "lifecycle.rule.delete" => Write("rules/absent"),
            "lifecycle.previews" => Read("previews"),
            "lifecycle.preview.make" => Write("previews", Encoding.UTF8.GetBytes($$"""{"rules":[{{rule}}]}""")),
            "lifecycle.preview.show" => Read("previews/1"),
            "lifecycle.preview.items" => Read("previews/1/items"),
            "lifecycle.runs" => Read("runs"),
            "lifecycle.run.start" => Write("runs", Encoding.UTF8.GetBytes($$"""{"rules":[{{rule}}]}""")),
            "lifecycle.run.show" => Read("runs/1"),
            "lifecycle.run.items" => Read("runs/1/items"),
            _ => throw new InvalidOperationException($"The route {route.Name} is new: give it a request, and say here what one needs for it."),
        };

        DataProbe Read(string path) => new(route.Name, route.Method, Need.ReadLifecycle, LifecycleRoute.Prefix + path);

        // What says nothing is refused by those who are let in.
        DataProbe Write(string path, byte[]? body = null) =>
            new(route.Name, route.Method, Need.WriteLifecycle, LifecycleRoute.Prefix + path, null, body, body is null ? null : """{"nothing":1}"""u8.ToArray(), "application/json");
    }

    private static DataProbe OfChange(ArtifactRoute route, string path) => new(
        route.Name, route.Method, Need.WriteMetadata, path, null, """{"writeEnabled":false,"readEnabled":false}"""u8.ToArray(), "{}"u8.ToArray(), "application/json");
}

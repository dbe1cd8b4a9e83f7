using System.Net;
using System.Text;
using Berth.Oci;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;

namespace Berth.Registry.Tests.Lifecycle.Rules;

/// <summary>What keeps images and tags from clean-ups, each as somebody puts it in force.</summary>
internal static class Protections
{
    /// <summary>Puts one in force.</summary>
    /// <param name="host">The registry.</param>
    /// <param name="repository">The repository, whose tag <c>v1</c> names the image, or none does.</param>
    /// <param name="protection">What keeps it.</param>
    /// <param name="image">The image of the text <c>image</c>.</param>
    public static async Task ApplyAsync(RegistryHost host, string repository, string protection, Digest image)
    {
        switch (protection)
        {
            case "a lock of the tag":
                await host.Client.SetAsync($"{repository}/_tags/v1", "deleteEnabled", enabled: false);
                break;
            case "a lock of the image":
                await host.Client.SetAsync($"{repository}/_manifests/{image}", "writeEnabled", enabled: false);
                break;
            case "a lock of the repository":
                await host.Client.SetAsync(repository, "deleteEnabled", enabled: false);
                break;
            case "quarantine of the image":
                await PutAsync(host, $"/berth/v1/quarantine/digests/{image}", """{"reason":"looked into"}""");
                break;
            case "quarantine of the repository":
                await PutAsync(host, $"/berth/v1/quarantine/repositories/{repository}", """{"reason":"looked into"}""");
                break;
            case "a workload":
                await PutAsync(host, "/berth/v1/workloads/runs", $$"""{"images":[{"repository":"{{repository}}","digest":"{{image}}"}],"ttl":3600}""");
                break;
            case "a write-once rule":
                await PutAsync(host, "/berth/v1/tag-rules/releases", """{"repositories":"*","tags":"v*"}""");
                break;
            case "a lock of the registry":
                using (var owner = await ControlClient.OfOwnerAsync(host))
                    await owner.ExpectAsync(HttpStatusCode.Created, "PUT", $"{ControlClient.Local}/providers/Microsoft.Authorization/locks/keep-it", """{"properties":{"level":"CanNotDelete"}}""");
                break;
            case "an index that lists it":
                var index = $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[{"mediaType":"{{MediaTypes.OciManifest}}","digest":"{{image}}","size":{{LifecycleClient.SizeOf("image")}}}]}""";
                Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(repository, "index", Encoding.UTF8.GetBytes(index), MediaTypes.OciIndex));
                break;
            case "a tag besides":
                await ArtifactClient.PushAsync(host, repository, "image", "besides");
                break;
            case "a locked referrer":
                var referrer = await host.PushReferrerAsync(repository, "referrer", image, LifecycleClient.SizeOf("image"));
                await host.Client.SetAsync($"{repository}/_manifests/{referrer}", "deleteEnabled", enabled: false);
                break;
            case "a push by its digest":
                await ArtifactClient.PushAsync(host, repository, "image");
                break;
            case "a move and back":
                await ArtifactClient.PushAsync(host, repository, "another", "v1");
                host.Time.Advance(TimeSpan.FromSeconds(1));
                await ArtifactClient.PushAsync(host, repository, "image", "v1");
                break;
        }
    }

    private static async Task PutAsync(RegistryHost host, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await host.Client.PutAsync(new Uri(path, UriKind.Relative), content);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }
}

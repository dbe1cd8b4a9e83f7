using System.Net;
using System.Text;
using Berth.Oci;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Lifecycle.Rules;

/// <summary>Each condition of a rule by itself, over a few artifacts that differ in it.</summary>
public sealed class RuleConditionTests
{
    [Theory]
    [InlineData("\"artifactTypes\":[\"application/vnd.cncf.helm.*\"]", "team/app:chart")]
    [InlineData("\"architectures\":[\"arm64\"]", "team/app:arm")]
    [InlineData("\"architectures\":[\"arm64\",\"amd64\"]", "other/app:amd", "team/app:arm")]
    [InlineData("\"largerThan\":2000", "team/app:arm")]
    [InlineData("\"olderThan\":\"10d\"", "other/app:amd", "team/app:arm")]
    [InlineData("\"tags\":[\"a*\"]", "other/app:amd", "team/app:arm")]
    [InlineData("\"tagRegex\":\"[m-r]$\"", "team/app:arm")]
    [InlineData("\"notPulledFor\":\"10d\"", "other/app:amd")]
    [InlineData("\"repositories\":[\"team/*\"],\"olderThan\":\"1d\"", "team/app:arm", "team/app:chart")]
    [InlineData("\"keepLast\":1", "team/app:arm")]
    public async Task It_takes_those_tags_of_which_it_holds(string condition, params string[] expected)
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, "team/app", "arm", "application/vnd.oci.image.config.v1+json", """{"architecture":"arm64","os":"linux"}""", 3_000);
        await PushAsync(host, "other/app", "amd", "application/vnd.oci.image.config.v1+json", """{"architecture":"amd64","os":"linux"}""", 100);
        host.Time.Advance(TimeSpan.FromDays(20));
        await PushAsync(host, "team/app", "chart", "application/vnd.cncf.helm.config.v1+json", """{"name":"chart"}""", 100);
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync("team/app", "arm"));
        host.Time.Advance(TimeSpan.FromDays(5));

        var repositories = condition.Contains("repositories", StringComparison.Ordinal) ? "" : "\"repositories\":[\"**\"],";
        var preview = await host.PreviewAsync($"{{{repositories}{condition},\"action\":\"untag\"}}");
        Assert.Equal(expected, (await host.TakenAsync(preview)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Each_rule_about_untagged_images_has_its_own_time()
    {
        await using var host = await RegistryHost.StartAsync();
        await ArtifactClient.PushAsync(host, "team/app", "image");
        var soon = await ArtifactClient.PushAsync(host, "other/app", "image");
        host.Time.Advance(TimeSpan.FromDays(5));

        var preview = await host.PreviewAsync(
            """{"name":"late","repositories":["team/*"],"untaggedFor":"30d","action":"delete"}""", """{"name":"soon","repositories":["other/*"],"untaggedFor":"1d","action":"delete"}""");
        Assert.Equal([$"other/app@{soon}"], await host.TakenAsync(preview));
    }

    [Theory]
    [InlineData("untag", "v1 is gone")]
    [InlineData("delete", "v1 is gone", "its image is gone")]
    [InlineData("archive-lock")]
    public async Task An_action_does_what_it_says_and_no_more(string action, params string[] gone)
    {
        await using var host = await RegistryHost.StartAsync();
        var image = await ArtifactClient.PushAsync(host, "team/app", "image", "v1");
        host.Time.Advance(TimeSpan.FromDays(5));

        await host.RunAsync($$"""{"repositories":["**"],"olderThan":"1d","action":"{{action}}"}""");

        var (isTagged, isThere) = (await host.TagsAsync("team/app") is ["v1"], await host.Client.GetManifestAsync("team/app", image.ToString()) == HttpStatusCode.OK);
        Assert.Equal(gone, ((string?[])[isTagged ? null : "v1 is gone", isThere ? null : "its image is gone"]).OfType<string>());
        if (action != "archive-lock") return;

        // Against deletion and change, the tag and what it names.
        foreach (var path in (string[])["team/app/_tags/v1", $"team/app/_manifests/{image}"])
        {
            var shown = (await host.Client.JsonAsync($"/acr/v1/{path}")).EnumerateObject().First(member => member.Name is "tag" or "manifest").Value.GetProperty("changeableAttributes");
            Assert.Equal(
                (false, false, true, true),
                (shown.GetProperty("deleteEnabled").GetBoolean(), shown.GetProperty("writeEnabled").GetBoolean(), shown.GetProperty("listEnabled").GetBoolean(), shown.GetProperty("readEnabled").GetBoolean()));
        }
    }

    private static async Task PushAsync(RegistryHost host, string repository, string tag, string type, string config, int size)
    {
        var (bytes, layer) = (Encoding.UTF8.GetBytes(config), Encoding.UTF8.GetBytes(new string('x', size)));
        foreach (var blob in (byte[][])[bytes, layer]) Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync(repository, blob));
        var manifest = $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{{Descriptor(type, bytes)}},"layers":[{{Descriptor("application/vnd.oci.image.layer.v1.tar", layer)}}]}""";
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(repository, tag, Encoding.UTF8.GetBytes(manifest)));
    }

    private static string Descriptor(string type, byte[] content) =>
        $$"""{"mediaType":"{{type}}","digest":"{{Digest.Compute(DigestAlgorithm.Sha256, content)}}","size":{{content.Length}}}""";
}

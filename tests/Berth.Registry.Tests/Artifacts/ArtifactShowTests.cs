using System.Net;
using System.Text;
using System.Text.Json;
using Berth.Metadata.Tests.Sqlite.Faults;
using Berth.Oci;
using Berth.Registry.Identity;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using static Berth.Registry.Tests.Artifacts.ArtifactClient;

namespace Berth.Registry.Tests.Artifacts;

/// <summary>What is shown of a repository, a tag and a manifest, and where it comes from.</summary>
public sealed class ArtifactShowTests
{
    private const string Config = """{"architecture":"arm64","os":"linux","rootfs":{"type":"layers","diff_ids":[]},"history":[{"os":"none"}]}""";

    [Fact]
    public async Task A_repository_says_how_much_it_holds_and_who_answers_for_it()
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, "team/app", "one", "v1", "v2");
        await PushAsync(host, "team/app", "two", "v2");
        await host.Client.DeleteAsync(new Uri("/acr/v1/team/app/_tags/v1", UriKind.Relative));

        var (status, changed) = await host.Client.ChangeAsync("team/app", """{"owner":"Team A","contact":"team-a@example.test","description":"The app.\nAll of it."}""");
        Assert.Equal(HttpStatusCode.OK, status);
        var shown = await host.Client.JsonAsync("/acr/v1/team/app");

        Assert.Equal(changed.ToString(), shown.ToString());
        Assert.Equal((2, 1, 2), (shown.GetProperty("manifestCount").GetInt32(), shown.GetProperty("tagCount").GetInt32(), shown.GetProperty("blobCount").GetInt32()));
        var size = "one".Length + "two".Length + RegistryClientExtensions.Image("one"u8.ToArray()).Length + RegistryClientExtensions.Image("two"u8.ToArray()).Length;
        Assert.Equal(size, shown.GetProperty("storageSize").GetInt32());
        Assert.Equal(
            ("Team A", "team-a@example.test", "The app.\nAll of it."),
            (shown.GetProperty("owner").GetString(), shown.GetProperty("contact").GetString(), shown.GetProperty("description").GetString()));

        (_, changed) = await host.Client.ChangeAsync("team/app", """{"owner":null,"contact":""}""");
        Assert.Equal(
            (JsonValueKind.Null, JsonValueKind.Null, JsonValueKind.String),
            (changed.GetProperty("owner").ValueKind, changed.GetProperty("contact").ValueKind, changed.GetProperty("description").ValueKind));
        Assert.Equal(HttpStatusCode.BadRequest, (await host.Client.ChangeAsync("team/app", $$"""{"owner":"{{new string('a', 257)}}"}""")).Status);
    }

    [Fact]
    public async Task The_settings_of_a_repository_go_with_its_deletion()
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, "team/app", "one", "v1");
        await host.Client.ChangeAsync("team/app", """{"owner":"Team A","listEnabled":false,"anonymousPullEnabled":true}""");

        Assert.Equal(HttpStatusCode.Accepted, (await host.Client.DeleteAsync(new Uri("/acr/v1/team/app", UriKind.Relative))).StatusCode);
        await PushAsync(host, "team/app", "one", "v1");

        var shown = await host.Client.JsonAsync("/acr/v1/team/app");
        Assert.Equal(JsonValueKind.Null, shown.GetProperty("owner").ValueKind);
        Assert.False(shown.GetProperty("anonymousPullEnabled").GetBoolean());
        Assert.Empty(shown.Locked());
    }

    [Fact]
    public async Task A_tag_and_a_manifest_are_shown_as_azure_has_them()
    {
        await using var host = await RegistryHost.StartAsync();
        var digest = await PushImageAsync(host, Config, "v1", "v2");
        await host.Client.GetManifestAsync("team/app", "v1");
        await host.Services.GetRequiredService<UsageLog>().FlushAsync(CancellationToken.None);

        var tag = (await host.Client.JsonAsync("/acr/v1/team/app/_tags/v1")).GetProperty("tag");
        Assert.Equal(["name", "digest", "createdTime", "lastUpdateTime", "signed", "changeableAttributes"], tag.Names());
        Assert.Equal(digest.ToString(), tag.GetProperty("digest").GetString());
        var body = await host.Client.JsonAsync($"/acr/v1/team%2Fapp/_manifests/{Uri.EscapeDataString(digest.ToString())}");
        Assert.Equal(["registry", "imageName", "manifest"], body.Names());
        var manifest = body.GetProperty("manifest");

        Assert.Equal(
            [
                "digest", "imageSize", "createdTime", "lastUpdateTime", "lastPullTime", "createdBy", "architecture", "os", "mediaType", "configMediaType", "artifactType",
                "tags", "changeableAttributes",
            ],
            manifest.Names());
        Assert.Equal(Config.Length + "a layer".Length, manifest.GetProperty("imageSize").GetInt32());
        Assert.Equal(("arm64", "linux"), (manifest.GetProperty("architecture").GetString(), manifest.GetProperty("os").GetString()));
        Assert.Equal((MediaTypes.OciManifest, MediaTypes.OciConfig), (manifest.GetProperty("mediaType").GetString(), manifest.GetProperty("configMediaType").GetString()));
        Assert.Equal(["v1", "v2"], manifest.GetProperty("tags").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal(("owner", "2026-11-24T12:00:00.0000000Z"), (manifest.GetProperty("createdBy").GetString(), manifest.GetProperty("lastPullTime").GetString()));
        Assert.Equal(["deleteEnabled", "writeEnabled", "readEnabled", "listEnabled"], manifest.GetProperty("changeableAttributes").Names());
        Assert.Equal(manifest.ToString(), (await host.Client.JsonAsync("/acr/v1/team/app/_manifests")).GetProperty("manifests")[0].ToString());
    }

    [Fact]
    public async Task A_stranger_who_may_pull_learns_no_account_s_name()
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, "team/app", "one", "v1");
        await host.Client.ChangeAsync("team/app", """{"anonymousPullEnabled":true}""");
        using var anybody = host.WithoutCredential();

        var manifest = (await anybody.JsonAsync("/acr/v1/team/app/_manifests")).GetProperty("manifests")[0];

        Assert.Equal(JsonValueKind.Null, manifest.GetProperty("createdBy").ValueKind);
    }

    [Fact]
    public async Task An_index_has_no_size_of_its_own_and_says_what_it_lists()
    {
        await using var host = await RegistryHost.StartAsync();
        var child = await PushImageAsync(host, Config, "v1");
        var index = RegistryClientExtensions.Index(ImageOf(Config));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync("team/app", "all", index, MediaTypes.OciIndex));

        var listed = (await host.Client.JsonAsync("/acr/v1/team/app/_manifests")).GetProperty("manifests").EnumerateArray()
            .Single(manifest => manifest.GetProperty("mediaType").GetString() == MediaTypes.OciIndex);

        Assert.Equal(0, listed.GetProperty("imageSize").GetInt32());
        foreach (var name in (string[])["architecture", "os", "configMediaType"]) Assert.Equal(JsonValueKind.Null, listed.GetProperty(name).ValueKind);
        var entry = Assert.Single(listed.GetProperty("references").EnumerateArray());
        Assert.Equal(
            (child.ToString(), "arm64", "linux"),
            (entry.GetProperty("digest").GetString(), entry.GetProperty("architecture").GetString(), entry.GetProperty("os").GetString()));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"architecture":7,"os":["linux"]}""")]
    [InlineData("""{"architecture":"arm64","os":"linux"} and more""")]
    [InlineData("""{"architecture":"\ud800","os":"linux"}""")]
    [InlineData("not JSON")]
    public async Task A_config_that_says_nothing_readable_gives_null(string config)
    {
        await using var host = await RegistryHost.StartAsync();
        var digest = await PushImageAsync(host, config, "v1");

        for (var i = 0; i < 2; i++)
        {
            var manifest = (await host.Client.JsonAsync($"/acr/v1/team/app/_manifests/{digest}")).GetProperty("manifest");
            Assert.Equal(JsonValueKind.Null, manifest.GetProperty("architecture").ValueKind);
            Assert.Equal(config.Length + "a layer".Length, manifest.GetProperty("imageSize").GetInt32());
        }
    }

    [Fact]
    public async Task A_config_is_read_by_the_first_list_and_never_again()
    {
        await using var host = await RegistryHost.StartAsync();
        var digest = await PushImageAsync(host, Config, "v1");
        await host.Client.JsonAsync("/acr/v1/team/app/_manifests");

        TakeAwayBytes(host);

        var manifest = (await host.Client.JsonAsync($"/acr/v1/team/app/_manifests/{digest}")).GetProperty("manifest");
        Assert.Equal("arm64", manifest.GetProperty("architecture").GetString());
    }

    [Fact]
    public async Task A_config_whose_bytes_are_missing_gives_null_until_they_are_there()
    {
        await using var host = await RegistryHost.StartAsync();
        var digest = await PushImageAsync(host, Config, "v1");
        var bringBack = TakeAwayBytes(host);
        Assert.Equal(JsonValueKind.Null, await ArchitectureAsync());

        bringBack();

        Assert.Equal(JsonValueKind.String, await ArchitectureAsync());

        async Task<JsonValueKind> ArchitectureAsync() =>
            (await host.Client.JsonAsync($"/acr/v1/team/app/_manifests/{digest}")).GetProperty("manifest").GetProperty("architecture").ValueKind;
    }

    [Fact]
    public async Task A_list_on_a_full_volume_is_answered_all_the_same()
    {
        var volume = new FaultyVolume();
        await using var host = await RegistryHost.StartAsync(volume: volume);
        await PushImageAsync(host, Config, "v1");

        volume.RunFullAfter(0);
        var manifest = (await host.Client.JsonAsync("/acr/v1/team/app/_manifests")).GetProperty("manifests")[0];
        volume.MakeRoom();

        Assert.Equal("arm64", manifest.GetProperty("architecture").GetString());
    }

    [Fact]
    public async Task A_manifest_of_an_earlier_version_is_described_when_it_is_listed()
    {
        await using var host = await RegistryHost.StartAsync();
        var digest = await PushImageAsync(host, Config, "v1");
        await host.TamperAsync("UPDATE manifests SET described = 0, image_size = NULL, config_media_type = NULL");

        var manifest = (await host.Client.JsonAsync($"/acr/v1/team/app/_manifests/{digest}")).GetProperty("manifest");

        Assert.Equal(
            (Config.Length + "a layer".Length, MediaTypes.OciConfig, "arm64"),
            (manifest.GetProperty("imageSize").GetInt32(), manifest.GetProperty("configMediaType").GetString(), manifest.GetProperty("architecture").GetString()));
    }

    /// <summary>Moves the bytes of all blobs elsewhere; the result brings them back.</summary>
    private static Action TakeAwayBytes(RegistryHost host)
    {
        var blobs = Path.Combine(host.StoreFolder, "blobs");
        var files = Directory.GetFiles(blobs, "*", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        foreach (var file in files) File.Move(file, file + ".away");
        return () =>
        {
            foreach (var file in files) File.Move(file + ".away", file);
        };
    }

    private static async Task<Digest> PushImageAsync(RegistryHost host, string config, params string[] tags)
    {
        foreach (var content in (string[])[config, "a layer"])
            Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/app", Encoding.UTF8.GetBytes(content)));
        var manifest = ImageOf(config);
        foreach (var tag in tags) Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync("team/app", tag, manifest));
        return Digest.Compute(DigestAlgorithm.Sha256, manifest);
    }

    private static byte[] ImageOf(string config)
    {
        return Encoding.UTF8.GetBytes($$"""
            {"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{{Describe(config, MediaTypes.OciConfig)}},"layers":[{{Describe("a layer", "application/octet-stream")}}]}
            """);

        static string Describe(string content, string type) =>
            $$"""{"mediaType":"{{type}}","digest":"{{Digest.Compute(DigestAlgorithm.Sha256, Encoding.UTF8.GetBytes(content))}}","size":{{content.Length}}}""";
    }
}

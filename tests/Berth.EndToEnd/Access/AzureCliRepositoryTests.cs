using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Access;

/// <summary>The real Azure CLI on what a registry holds: it shows, lists by time, locks, untags and deletes.</summary>
public sealed class AzureCliRepositoryTests(AzureCliFixture fixture) : EndToEndTest<AzureCliFixture>(fixture)
{
    private AzureCli _az = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _az = await Fixture.OwnerAsync();
    }

    [Fact]
    public async Task A_repository_its_tags_and_its_manifests_are_shown()
    {
        var (first, second) = (await Client.PushImageAsync(Repo, "v1"), await Client.PushImageAsync(Repo, "v2"));

        var shown = await _az.JsonAsync("acr", "repository", "show", "-n", "local", "--repository", Repo);
        Assert.Equal((2, 2), (shown.GetProperty("tagCount").GetInt32(), shown.GetProperty("manifestCount").GetInt32()));
        Assert.Equal(first.Digest, Text(await _az.JsonAsync("acr", "repository", "show", "-n", "local", "--image", $"{Repo}:v1"), "digest"));
        var manifest = await _az.JsonAsync("acr", "repository", "show", "-n", "local", "--image", $"{Repo}@{first.Digest}");
        Assert.Equal((first.Digest, "amd64", "linux"), (Text(manifest, "digest"), Text(manifest, "architecture"), Text(manifest, "os")));
        Assert.Equal(["v2", "v1"], Texts(await _az.JsonAsync("acr", "repository", "show-tags", "-n", "local", "--repository", Repo, "--orderby", "time_desc")));
        Assert.Equal(["v1"], Texts(await _az.JsonAsync("acr", "repository", "show-tags", "-n", "local", "--repository", Repo, "--orderby", "time_asc", "--top", "1")));
        var listed = await _az.JsonAsync("acr", "manifest", "list-metadata", "-r", "local", "-n", Repo);
        Assert.Equal(
            new[] { first.Digest, second.Digest }.Order(StringComparer.Ordinal), listed.EnumerateArray().Select(entry => Text(entry, "digest")).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_is_locked_is_kept_until_it_is_unlocked()
    {
        var image = await Client.PushImageAsync(Repo, "v1");

        await SetAsync("repository", "update", "-n", "local", "--image", $"{Repo}:v1", "--write-enabled", "false");
        await RefusedAsync("acr", "repository", "untag", "-n", "local", "--image", $"{Repo}:v1");
        await SetAsync("repository", "update", "-n", "local", "--image", $"{Repo}:v1", "--write-enabled", "true");
        await SetAsync("manifest", "update-metadata", "-r", "local", "-n", $"{Repo}@{image.Digest}", "--delete-enabled", "false");
        await RefusedAsync("acr", "manifest", "delete", "-r", "local", "-n", $"{Repo}@{image.Digest}", "--yes");
        await RefusedAsync("acr", "repository", "delete", "-n", "local", "--repository", Repo, "--yes");
        await SetAsync("manifest", "update-metadata", "-r", "local", "-n", $"{Repo}@{image.Digest}", "--delete-enabled", "true");

        await _az.JsonAsync("acr", "repository", "untag", "-n", "local", "--image", $"{Repo}:v1");
        await _az.JsonAsync("acr", "repository", "delete", "-n", "local", "--repository", Repo, "--yes");
        Assert.DoesNotContain(Repo, Texts(await _az.JsonAsync("acr", "repository", "list", "-n", "local")));
    }

    private async Task SetAsync(string group, params string[] arguments)
    {
        var shown = await _az.JsonAsync(["acr", group, .. arguments]);
        Assert.Equal(arguments[^1] == "true", shown.GetProperty("changeableAttributes").GetProperty(arguments[^2] == "--write-enabled" ? "writeEnabled" : "deleteEnabled").GetBoolean());
    }

    private async Task RefusedAsync(params string[] arguments)
    {
        var result = await _az.RunAsync(arguments);
        Assert.NotEqual(0, result.Status);
        Assert.Contains("is locked", result.Errors, StringComparison.Ordinal);
    }

    private static string Text(JsonElement json, string name) => ControlClient.Text(json, name);

    private static IEnumerable<string> Texts(JsonElement list) => list.EnumerateArray().Select(item => item.GetString()!);
}

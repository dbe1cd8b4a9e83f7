using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Access;

/// <summary>The real Azure CLI on the policies that delete and on what was deleted: it sets them, lists what can be restored, and restores it.</summary>
public sealed class AzureCliDeletionTests(AzureCliFixture fixture) : EndToEndTest<AzureCliFixture>(fixture)
{
    private AzureCli _az = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _az = await Fixture.OwnerAsync();
    }

    [Fact]
    public async Task Policies_are_set_and_shown()
    {
        var retention = await _az.JsonAsync("acr", "config", "retention", "update", "-r", "local", "--status", "enabled", "--days", "30", "--type", "UntaggedManifests");
        Assert.Equal((30, "enabled"), (retention.GetProperty("days").GetInt32(), Text(retention, "status")));
        var kept = await _az.JsonAsync("acr", "config", "soft-delete", "update", "-r", "local", "--status", "enabled", "--days", "14", "--yes");
        Assert.Equal((14, "enabled"), (kept.GetProperty("retentionDays").GetInt32(), Text(kept, "status")));

        var shown = await _az.JsonAsync("acr", "config", "retention", "show", "-r", "local");
        Assert.Equal((30, "enabled", Text(retention, "lastUpdatedTime")), (shown.GetProperty("days").GetInt32(), Text(shown, "status"), Text(shown, "lastUpdatedTime")));
        await _az.JsonAsync("acr", "config", "retention", "update", "-r", "local", "--status", "disabled", "--type", "UntaggedManifests");
        Assert.Equal("enabled", Text(await _az.JsonAsync("acr", "config", "soft-delete", "show", "-r", "local"), "status"));
    }

    [Fact]
    public async Task The_quarantine_policy_is_set_as_Azure_documents_it()
    {
        var id = Text(await _az.JsonAsync("acr", "show", "-n", "local"), "id");
        var changed = await _az.JsonAsync("resource", "update", "--ids", id, "--set", "properties.policies.quarantinePolicy.status=enabled");
        Assert.Equal("enabled", Text(PolicyIn(changed.GetProperty("properties")), "status"));
        Assert.Equal("enabled", Text(PolicyIn(await _az.JsonAsync("acr", "show", "-n", "local")), "status"));
        await _az.JsonAsync("resource", "update", "--ids", id, "--set", "properties.policies.quarantinePolicy.status=disabled");
        Assert.Equal("disabled", Text(PolicyIn(await _az.JsonAsync("acr", "show", "-n", "local")), "status"));

        static JsonElement PolicyIn(JsonElement registry) => registry.GetProperty("policies").GetProperty("quarantinePolicy");
    }

    [Fact]
    public async Task An_image_that_was_deleted_is_listed_and_restored()
    {
        await _az.JsonAsync("acr", "config", "soft-delete", "update", "-r", "local", "--status", "enabled", "--days", "14", "--yes");
        var (first, second) = (await Client.PushImageAsync(Repo, "v1"), await Client.PushImageAsync(Repo, "v2"));
        foreach (var image in (string[])[$"{Repo}:v1", $"{Repo}:v2"]) await _az.JsonAsync("acr", "repository", "delete", "-n", "local", "--image", image, "--yes");
        Assert.DoesNotContain(Repo, Texts(await _az.JsonAsync("acr", "repository", "list", "-n", "local")));

        var repositories = await _az.JsonAsync("acr", "repository", "list-deleted", "-n", "local");
        Assert.Contains(Repo, repositories.EnumerateArray().Select(repository => Text(repository, "repository")));
        var manifests = await _az.JsonAsync("acr", "manifest", "list-deleted", "-r", "local", "-n", Repo);
        Assert.Equal(
            new[] { first.Digest, second.Digest }.Order(StringComparer.Ordinal), manifests.EnumerateArray().Select(manifest => Text(manifest, "digest")));
        Assert.All(manifests.EnumerateArray(), manifest => Assert.Equal(
            DateTimeOffset.Parse(Text(manifest, "deletedAt"), null).AddDays(14), DateTimeOffset.Parse(Text(manifest, "expiresAfter"), null)));
        var tags = await _az.JsonAsync("acr", "manifest", "list-deleted-tags", "-r", "local", "-n", $"{Repo}:v2");
        Assert.Equal(second.Digest, Text(Assert.Single(tags.EnumerateArray()), "digest"));

        await _az.JsonAsync("acr", "manifest", "restore", "-r", "local", "-n", $"{Repo}:v1", "--yes");
        await _az.JsonAsync("acr", "manifest", "restore", "-r", "local", "-n", $"{Repo}:v3", "-d", second.Digest);
        Assert.Equal(first.Digest, Text(await _az.JsonAsync("acr", "repository", "show", "-n", "local", "--image", $"{Repo}:v1"), "digest"));
        Assert.Equal(second.Digest, Text(await _az.JsonAsync("acr", "repository", "show", "-n", "local", "--image", $"{Repo}:v3"), "digest"));
    }

    private static string Text(JsonElement json, string name) => ControlClient.Text(json, name);

    private static IEnumerable<string> Texts(JsonElement list) => list.EnumerateArray().Select(item => item.GetString()!);
}

using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Operations;

/// <summary>The client's commands on the policies that delete and on what was deleted, as the Azure CLI words them.</summary>
public sealed class DeletionCommandTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    private readonly string _repository = Content.Name();
    private BerthClient _client = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _client = new BerthClient(Fixture, NewFolder("client"));
        await _client.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
    }

    [Fact]
    public async Task Policies_are_set_and_shown()
    {
        var retention = await JsonAsync("acr", "config", "retention", "update", "-r", "local", "--status", "enabled", "--days", "365", "--type", "UntaggedManifests");
        Assert.Equal((365, "enabled"), (retention.GetProperty("days").GetInt32(), Text(retention, "status")));
        Assert.Equal(Text(retention, "lastUpdatedTime"), Text(await JsonAsync("acr", "config", "retention", "show", "-r", "local"), "lastUpdatedTime"));
        Assert.Equal("disabled", Text(await JsonAsync("acr", "config", "retention", "update", "-r", "local", "--status", "disabled", "--type", "UntaggedManifests"), "status"));
        Assert.Equal(90, (await JsonAsync("acr", "config", "soft-delete", "update", "-r", "local", "--days", "90")).GetProperty("retentionDays").GetInt32());

        // Fewer days may end the time of what was deleted.
        var asked = await _client.RunWithInputAsync("", "acr", "config", "soft-delete", "update", "-r", "local", "--days", "7");
        Assert.Equal(2, asked.Status);
        Assert.Contains("--yes", asked.Errors, StringComparison.Ordinal);
        Assert.Equal(7, (await JsonAsync("acr", "config", "soft-delete", "update", "-r", "local", "--days", "7", "--yes")).GetProperty("retentionDays").GetInt32());
        Assert.Equal(2, (await _client.RunAsync("acr", "config", "soft-delete", "update", "-r", "local")).Status);
        Assert.Equal(1, (await _client.RunAsync("acr", "config", "soft-delete", "update", "-r", "local", "--days", "91")).Status);
    }

    [Fact]
    public async Task An_image_that_was_deleted_is_listed_and_restored()
    {
        await JsonAsync("acr", "config", "soft-delete", "update", "-r", "local", "--status", "enabled");
        foreach (var tag in (string[])["v1", "v2"]) await Client.PushImageAsync(_repository, tag);
        await _client.RunAsync("acr", "repository", "delete", "-n", "local", "--repository", _repository, "--yes");
        await JsonAsync("acr", "config", "soft-delete", "update", "-r", "local", "--status", "disabled");

        Assert.Contains(_repository, await TextAsync("acr", "repository", "list-deleted", "-n", "local", "--query", "[].repository", "-o", "tsv"), StringComparison.Ordinal);
        var manifests = await JsonAsync("acr", "manifest", "list-deleted", "-r", "local", "-n", _repository);
        Assert.All(manifests.EnumerateArray(), manifest => Assert.Equal(["digest", "createdAt", "deletedAt", "expiresAfter"], manifest.EnumerateObject().Select(property => property.Name)));
        Assert.Equal("v1\nv2\n", await TextAsync("acr", "manifest", "list-deleted-tags", "-r", "local", "-n", _repository, "--query", "[].tag", "-o", "tsv"));
        var second = Text((await JsonAsync("acr", "manifest", "list-deleted-tags", "-r", "local", "-n", $"{_repository}:v2"))[0], "digest");

        await JsonAsync("acr", "manifest", "restore", "-r", "local", "-n", $"{_repository}:v1");
        Assert.Equal(1, (await _client.RunAsync("acr", "manifest", "restore", "-r", "local", "-n", $"{_repository}:v1", "-d", second)).Status);
        Assert.Equal("v2", (await JsonAsync("acr", "manifest", "restore", "-r", "local", "-n", _repository, "-d", second)).GetProperty("tagsRestored")[0].GetString());
        Assert.Equal("v1\nv2\n", await TextAsync("acr", "repository", "show-tags", "-n", "local", "--repository", _repository, "-o", "tsv"));
        Assert.Equal(1, (await _client.RunAsync("acr", "manifest", "restore", "-r", "local", "-n", $"{_repository}:v9")).Status);
        Assert.Equal(2, (await _client.RunAsync("acr", "manifest", "restore", "-r", "local", "-n", _repository)).Status);
    }

    private static string Text(JsonElement value, string name) => value.GetProperty(name).GetString()!;

    private async Task<string> TextAsync(params string[] arguments) => (await _client.RunAsync(arguments)).Succeeded().Output;

    private async Task<JsonElement> JsonAsync(params string[] arguments) => JsonDocument.Parse(await TextAsync(arguments)).RootElement;
}

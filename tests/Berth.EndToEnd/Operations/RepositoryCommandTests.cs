using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Operations;

/// <summary>The client's commands on repositories, tags and manifests, as the Azure CLI words them, by the account that is signed in.</summary>
public sealed class RepositoryCommandTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    private readonly string _repository = Content.Name();
    private BerthClient _client = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _client = new BerthClient(Fixture, NewFolder("client"));
        await _client.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
        foreach (var tag in (string[])["b", "c", "a"]) await Client.PushImageAsync(_repository, tag);
    }

    [Fact]
    public async Task Tags_are_listed_in_each_order_with_and_without_their_attributes()
    {
        Assert.Equal("a\nb\nc\n", await TagsAsync());
        Assert.Equal("b\nc\na\n", await TagsAsync("--orderby", "time_asc"));
        Assert.Equal("a\nc\n", await TagsAsync("--orderby", "time_desc", "--top", "2"));
        var detail = await JsonAsync("acr", "repository", "show-tags", "-n", "local", "--repository", _repository, "--detail");
        Assert.Equal(["a", "b", "c"], detail.EnumerateArray().Select(tag => Text(tag, "name")!));
        Assert.All(detail.EnumerateArray(), tag => Assert.True(tag.GetProperty("changeableAttributes").GetProperty("writeEnabled").GetBoolean()));
        Assert.Contains(_repository, await TextAsync("acr", "repository", "list", "-n", "local", "-o", "tsv"), StringComparison.Ordinal);
        Assert.Equal(3, (await JsonAsync("acr", "repository", "show", "-n", "local", "--repository", _repository)).GetProperty("tagCount").GetInt32());
        Assert.Equal("a", Text(await JsonAsync("acr", "repository", "show", "-n", "local", "--image", $"{_repository}:a"), "name"));
    }

    [Fact]
    public async Task Manifests_are_listed_and_shown()
    {
        var listed = await JsonAsync("acr", "manifest", "list-metadata", "-r", "local", "-n", _repository);
        Assert.Equal(3, listed.EnumerateArray().SelectMany(manifest => manifest.GetProperty("tags").EnumerateArray()).Count());
        var digest = Text(await JsonAsync("acr", "manifest", "show-metadata", "-r", "local", "-n", $"{_repository}:a"), "digest");
        Assert.Contains(listed.EnumerateArray(), manifest => Text(manifest, "digest") == digest);
        var manifest = await JsonAsync("acr", "manifest", "show", "-r", "local", "-n", $"{_repository}@{digest}");
        Assert.Equal(2, manifest.GetProperty("schemaVersion").GetInt32());
        Assert.Equal(listed.GetArrayLength(), (await JsonAsync("acr", "manifest", "list", "-r", "local", "-n", _repository)).GetArrayLength());
        Assert.Empty((await JsonAsync("acr", "manifest", "list-referrers", "-r", "local", "-n", $"{_repository}:a")).GetProperty("referrers").EnumerateArray());
    }

    [Fact]
    public async Task A_locked_tag_stays_until_it_is_unlocked()
    {
        string[] update = ["acr", "repository", "update", "-n", "local", "--image", $"{_repository}:a", "--write-enabled"];
        Assert.False((await JsonAsync([.. update, "false"])).GetProperty("changeableAttributes").GetProperty("writeEnabled").GetBoolean());
        var refused = await _client.RunAsync("acr", "repository", "untag", "-n", "local", "--image", $"{_repository}:a");
        Assert.Equal(1, refused.Status);
        Assert.Contains("locked", refused.Errors, StringComparison.Ordinal);
        Assert.True((await JsonAsync([.. update, "true"])).GetProperty("changeableAttributes").GetProperty("writeEnabled").GetBoolean());
        Assert.Empty(await TextAsync("acr", "repository", "untag", "-n", "local", "--image", $"{_repository}:a"));
        Assert.Equal("b\nc\n", await TagsAsync());
        Assert.Equal(2, (await _client.RunAsync("acr", "repository", "update", "-n", "local", "--repository", _repository)).Status);
    }

    [Fact]
    public async Task Nothing_is_deleted_unasked()
    {
        var asked = await _client.RunWithInputAsync("", "acr", "repository", "delete", "-n", "local", "--image", $"{_repository}:c");
        Assert.Equal(2, asked.Status);
        Assert.Contains("--yes", asked.Errors, StringComparison.Ordinal);
        Assert.Empty(await TextAsync("acr", "repository", "delete", "-n", "local", "--image", $"{_repository}:c", "--yes"));
        Assert.DoesNotContain("c\n", await TagsAsync(), StringComparison.Ordinal);
        Assert.Equal(1, (await _client.RunAsync("acr", "manifest", "delete", "-r", "local", "-n", $"{_repository}:c", "--yes")).Status);

        var deleted = await JsonAsync("acr", "repository", "delete", "-n", "local", "--repository", _repository, "-y");
        Assert.Contains("a", deleted.GetProperty("tagsDeleted").EnumerateArray().Select(tag => tag.GetString()));
        Assert.Equal(1, (await _client.RunAsync("acr", "repository", "show", "-n", "local", "--repository", _repository)).Status);
    }

    [Theory]
    [InlineData("team/app:")]
    [InlineData("team/app@latest")]
    [InlineData("Team/app:v1")]
    [InlineData("team/app:v1@sha256:00")]
    public async Task What_is_no_image_is_refused(string image)
    {
        var refused = await _client.RunAsync("acr", "manifest", "show", "-r", "local", "-n", image);
        Assert.Equal(2, refused.Status);
        Assert.Contains("is no image", refused.Errors, StringComparison.Ordinal);
    }

    private static string? Text(JsonElement value, string name) => value.GetProperty(name).GetString();

    private Task<string> TagsAsync(params string[] options) =>
        TextAsync(["acr", "repository", "show-tags", "-n", "local", "--repository", _repository, "-o", "tsv", .. options]);

    private async Task<string> TextAsync(params string[] arguments) => (await _client.RunAsync(arguments)).Succeeded().Output;

    private async Task<JsonElement> JsonAsync(params string[] arguments) => JsonDocument.Parse(await TextAsync(arguments)).RootElement;
}

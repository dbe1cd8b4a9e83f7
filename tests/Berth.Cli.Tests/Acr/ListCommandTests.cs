using System.Globalization;
using Berth.Cli.Tests.Fakes;

namespace Berth.Cli.Tests.Acr;

/// <summary>How much of a list is read for what is printed of it.</summary>
public sealed class ListCommandTests : IDisposable
{
    private readonly ClientProgram _client = new();

    public void Dispose() => _client.Dispose();

    [Theory]
    [InlineData(new[] { "--top", "3" }, "n=3")]
    [InlineData(new[] { "--top", "3", "--detail" }, "n=3")]
    [InlineData(new[] { "--top", "3", "--orderby", "time_desc" }, "n=3&orderby=timedesc")]
    public async Task No_more_tags_are_asked_for_than_are_listed(string[] flags, string query)
    {
        await using var registry = new FakePeer(Tags);
        var run = await _client.RunAsync(["acr", "repository", "show-tags", "--name", registry.Address, "--repository", "app", "--query", "length(@)", .. flags]);
        Assert.Equal((0, "3\n"), (run.Status, run.Output));
        Assert.Equal(query, Assert.Single(registry.Seen).Query);
    }

    [Fact]
    public async Task A_list_over_many_pages_is_whole_in_each_form()
    {
        await using var registry = new FakePeer(Tags);
        string[] command = ["acr", "repository", "show-tags", "--name", registry.Address, "--repository", "app", "--detail"];
        Assert.Equal("250\n", (await _client.RunAsync([.. command, "--query", "length(@)"])).Output);
        var json = (await _client.RunAsync(command)).Output;
        using var answer = System.Text.Json.JsonDocument.Parse(json);
        Assert.Equal(250, answer.RootElement.GetArrayLength());
        Assert.Equal(252, (await _client.RunAsync([.. command, "-o", "table"])).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(250, (await _client.RunAsync([.. command, "-o", "tsv"])).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task A_list_that_cannot_be_read_prints_nothing()
    {
        await using var registry = new FakePeer(_ => new FakeAnswer(404, """{"errors":[{"code":"NAME_UNKNOWN","message":"no"}]}"""));
        var run = await _client.RunAsync("acr", "repository", "show-tags", "--name", registry.Address, "--repository", "app");
        Assert.Equal((1, ""), (run.Status, run.Output));
    }

    // 250 tags in pages of n.
    private static FakeAnswer Tags(SeenRequest request)
    {
        var values = request.Query.Split('&').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        var size = values.TryGetValue("n", out var n) ? int.Parse(n, CultureInfo.InvariantCulture) : 100;
        var first = values.TryGetValue("last", out var last) ? int.Parse(last, CultureInfo.InvariantCulture) + 1 : 1;
        var names = Enumerable.Range(first, Math.Min(size, 251 - first)).ToList();
        var isDetail = request.Path.StartsWith("/acr/", StringComparison.Ordinal);
        var tags = string.Join(',', names.Select(name => isDetail ? $$"""{"name":"{{name}}","digest":"sha256:0"}""" : $"\"{name}\""));
        var answer = new FakeAnswer(200, $$"""{"name":"app","imageName":"app","tags":[{{tags}}]}""").With("Content-Type: application/json");
        return names[^1] == 250 ? answer : answer.With($"Link: <{request.Path}?last={names[^1]}&n={size}>; rel=\"next\"");
    }
}

using Berth.Cli.Tests.Fakes;
using Berth.Cli.Usage;

namespace Berth.Cli.Tests.Usage;

/// <summary>What the commands about usage and quotas ask for.</summary>
public sealed class UsageCommandTests : IDisposable
{
    private const string Digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    private readonly ClientProgram _client = new();

    public void Dispose() => _client.Dispose();

    [Theory]
    [InlineData("GET", "/berth/v1/usage", "", "usage", "show")]
    [InlineData("GET", "/berth/v1/usage/repositories/team/app", "", "usage", "show", "--repository", "team/app")]
    [InlineData("GET", "/berth/v1/usage/repositories", "orderby=bytes&top=3", "usage", "repositories", "--top", "3")]
    [InlineData("GET", "/berth/v1/usage/repositories", "orderby=name&n=100", "usage", "repositories", "--orderby", "name")]
    [InlineData("POST", "/berth/v1/usage/images/team/app", "", "usage", "image", "--image", "team/app@" + Digest, "team/app@" + Digest)]
    [InlineData("GET", "/berth/v1/usage/history", "days=90", "usage", "history", "--days", "90")]
    [InlineData("GET", "/berth/v1/quotas", "", "quota", "show")]
    [InlineData("GET", "/berth/v1/quotas/repositories/team/app", "", "quota", "show", "--repository", "team/app")]
    [InlineData("GET", "/berth/v1/quotas/repositories", "n=100", "quota", "list")]
    [InlineData("PUT", "/berth/v1/quotas/repositories/team/app", "", "quota", "set", "--repository", "team/app", "--limit", "20GiB")]
    [InlineData("DELETE", "/berth/v1/quotas", "", "quota", "delete", "--yes")]
    public async Task Each_command_is_one_call(string method, string path, string query, params string[] command)
    {
        await using var registry = new FakePeer(request => request.Method == "DELETE"
            ? new FakeAnswer(204)
            : new FakeAnswer(200, """{"bytes":7,"repositories":[{"repository":"a","bytes":7}],"days":[{"day":"2026-11-24","bytes":7}]}""").With("Content-Type: application/json"));

        var run = await _client.RunAsync([.. command, "--registry", registry.Address]);

        Assert.Equal((0, ""), (run.Status, run.Errors));
        var seen = Assert.Single(registry.Seen);
        Assert.Equal((method, path, query), (seen.Method, seen.Path, seen.Query));
    }

    [Fact]
    public async Task A_table_has_a_line_for_each_repository()
    {
        await using var registry = new FakePeer(_ =>
            new FakeAnswer(200, """{"repositories":[{"repository":"a","bytes":7},{"repository":"b","bytes":3}]}""").With("Content-Type: application/json"));

        var run = await _client.RunAsync("usage", "repositories", "--registry", registry.Address, "--output", "table");

        Assert.Equal("Repository  Bytes\n----------  -----\na           7\nb           3\n", run.Output);
    }

    [Theory]
    [InlineData("quota", "set")]
    [InlineData("quota", "set", "--limit", "much")]
    [InlineData("usage", "image", "--image", "a:1", "b:1")]
    public async Task What_cannot_be_meant_asks_nobody(params string[] command)
    {
        await using var registry = new FakePeer(_ => new FakeAnswer(200, "{}"));

        var run = await _client.RunAsync([.. command, "--registry", registry.Address]);

        Assert.Equal((2, ""), (run.Status, run.Output));
        Assert.Empty(registry.Seen);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1048576", 1048576)]
    [InlineData("500MB", 500_000_000)]
    [InlineData("500 mb", 500_000_000)]
    [InlineData("1.5GiB", 1_610_612_736)]
    [InlineData("2TiB", 2_199_023_255_552)]
    [InlineData("7B", 7)]
    public void A_size_is_read_with_its_unit(string text, long bytes) => Assert.Equal(bytes, ByteSize.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("GiB")]
    [InlineData("-1")]
    [InlineData("1e3")]
    [InlineData("1.5B")]
    [InlineData("9000PiB")]
    [InlineData("5 apples")]
    public void What_is_no_size_is_refused(string text) => Assert.Throws<ArgumentException>(() => ByteSize.Parse(text));
}

using Berth.Cli.Tests.Fakes;

namespace Berth.Cli.Tests.Session;

/// <summary>What the program does when a server asks it to come later.</summary>
public sealed class WaitTests : IDisposable
{
    private readonly ClientProgram _client = new();

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task The_control_plane_s_wish_is_followed_and_said()
    {
        var asked = 0;
        await using var arm = new FakePeer(_ => Interlocked.Increment(ref asked) == 1 ? Later : FakeArm.List([]));
        _client.SignIn(arm);
        var run = await _client.RunAsync("acr", "list");
        Assert.Equal((0, "[]\n"), (run.Status, run.Output));
        Assert.Equal($"{new Uri(arm.Address).Authority} asks to come later (429); trying again in 2 s …\n", run.Errors);
    }

    [Fact]
    public async Task A_registry_s_wish_is_followed_and_said()
    {
        var asked = 0;
        await using var registry = new FakePeer(_ => Interlocked.Increment(ref asked) == 1 ? Later : new FakeAnswer(200, """{"repositories":["app"]}"""));
        var run = await _client.RunAsync("acr", "repository", "list", "--name", registry.Address);
        Assert.Equal(0, run.Status);
        Assert.Contains("asks to come later (429)", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wait_of_an_hour_is_an_error_that_names_it()
    {
        await using var registry = new FakePeer(_ => new FakeAnswer(429, """{"errors":[{"code":"TOOMANYREQUESTS","message":"try again in 3,600 seconds."}]}""").With("Retry-After: 3600"));
        var run = await _client.RunAsync("acr", "repository", "list", "--name", registry.Address);
        Assert.NotEqual(0, run.Status);
        Assert.Contains("try again in 3,600 seconds.", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("asks to come later", run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(400, true)]
    [InlineData(401, true)]
    [InlineData(500, false)]
    public async Task Only_an_authority_that_refuses_ends_a_sign_in(int status, bool ends)
    {
        await using var arm = new FakePeer(_ => new FakeAnswer(status, """{"error":"some_error","error_description":"what the authority says."}"""));
        _client.SignIn(arm, until: "2020-01-01T00:00:00Z");
        var run = await _client.RunAsync("acr", "list");
        Assert.Equal(1, run.Status);
        Assert.Contains("what the authority says.", run.Errors, StringComparison.Ordinal);
        Assert.Equal(ends, run.Errors.Contains("login again", StringComparison.Ordinal));
    }

    private static FakeAnswer Later => new FakeAnswer(429).With("Retry-After: 1");
}

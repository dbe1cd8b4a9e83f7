using Berth.Cli.Tests.Fakes;

namespace Berth.Cli.Tests.Completion;

/// <summary>What fish completes with the script that <c>completion fish</c> prints.</summary>
public sealed class FishCompletionTests : IDisposable
{
    private readonly ClientProgram _client = new();

    public FishCompletionTests()
    {
        File.CreateSymbolicLink(Path.Combine(_client.Folder, "berth"), ClientProgram.Path);
        _client.Environment["PATH"] = $"{_client.Folder}:{Environment.GetEnvironmentVariable("PATH")}";
        foreach (var name in (string[])["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"]) _client.Environment[name] = _client.Folder;
    }

    public void Dispose() => _client.Dispose();

    [Theory]
    [InlineData("berth acr re", "repository", "list")]
    [InlineData("berth acr repository show-tags --ord", "--orderby", "--output")]
    [InlineData("berth acr repository show-tags --orderby ", "time_asc,time_desc", "--output")]
    [InlineData("cd .; berth completion ", "bash,fish,zsh", "suggest")]
    public async Task Commands_flags_and_values_are_completed(string line, string there, string absent)
    {
        var completed = await CompleteAsync(line);
        foreach (var word in there.Split(',')) Assert.Contains(word, completed);
        Assert.DoesNotContain(absent, completed);
    }

    [Fact]
    public async Task A_registry_s_name_is_completed_where_a_flag_names_one()
    {
        await using var arm = new FakePeer(_ => FakeArm.List([FakeArm.Registry("one"), FakeArm.Registry("third")]));
        _client.SignIn(arm);
        Assert.Equal(["third"], await CompleteAsync("berth acr show --name th"));
    }

    private async Task<string[]> CompleteAsync(string line)
    {
        var run = await _client.StartAsync(Shell.Require("fish"), "--no-config", "-c", "berth completion fish | source; complete --do-complete $argv[1]", line);
        Assert.Equal((0, ""), (run.Status, run.Errors));
        return run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}

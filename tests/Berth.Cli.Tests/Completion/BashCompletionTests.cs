using Berth.Cli.Tests.Fakes;

namespace Berth.Cli.Tests.Completion;

/// <summary>What bash completes with the script that <c>completion bash</c> prints: its function is called as bash calls it.</summary>
public sealed class BashCompletionTests : IDisposable
{
    private readonly ClientProgram _client = new();

    public BashCompletionTests() => File.CreateSymbolicLink(Path.Combine(_client.Folder, "berth"), ClientProgram.Path);

    public void Dispose() => _client.Dispose();

    [Theory]
    [InlineData("./berth ", new[] { "account", "acr", "ad", "az", "completion", "group", "identity", "login", "logout", "policy", "role", "version" }, new[] { "--registry" })]
    [InlineData("./berth ac", new[] { "account", "acr" }, new[] { "role" })]
    [InlineData("./berth acr re", new[] { "repository" }, new[] { "list" })]
    [InlineData("./berth acr repository show-tags --o", new[] { "--orderby", "--output" }, new[] { "--name", "--top" })]
    [InlineData("./berth acr repository show-tags --orderby ", new[] { "time_asc", "time_desc" }, new[] { "--output" })]
    [InlineData("./berth acr repository list --deb", new[] { "--debug" }, new string[0])]
    [InlineData("./berth completion ", new[] { "bash", "zsh", "fish" }, new[] { "suggest" })]
    [InlineData("./berth nothing --", new string[0], new[] { "--name" })]
    public async Task Commands_flags_and_values_are_completed(string line, string[] there, string[] absent)
    {
        var completed = await CompleteAsync(line);
        foreach (var word in there) Assert.Contains(word, completed);
        foreach (var word in absent) Assert.DoesNotContain(word, completed);
        Assert.All(completed, word => Assert.StartsWith(line[(line.LastIndexOf(' ') + 1)..], word, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("./berth acr show --name ", new[] { "one", "other", "third" })]
    [InlineData("./berth acr show -n o", new[] { "one", "other" })]
    [InlineData("./berth acr repository list --name t", new[] { "third" })]
    [InlineData("./berth acr access report --registry on", new[] { "one" })]
    public async Task Registries_are_completed_where_a_flag_names_one(string line, string[] names)
    {
        await using var arm = new FakePeer(_ => FakeArm.List([FakeArm.Registry("one"), FakeArm.Registry("other"), FakeArm.Registry("third")]));
        _client.SignIn(arm);
        Assert.Equal(names, await CompleteAsync(line));
    }

    [Fact]
    public async Task A_repository_s_name_is_no_registry_s_and_nobody_is_asked_for_it()
    {
        await using var arm = new FakePeer(_ => FakeArm.List([FakeArm.Registry("one")]));
        _client.SignIn(arm);
        await CompleteAsync("./berth acr manifest show --name ");
        Assert.Empty(arm.Seen);
    }

    [Fact]
    public async Task Without_a_sign_in_nothing_is_completed_and_nothing_is_said()
    {
        var run = await _client.RunAsync("completion", "suggest", "berth acr show --name ");
        Assert.Equal(new ClientRun(0, "", ""), run);
    }

    private async Task<string[]> CompleteAsync(string line)
    {
        const string script = """
            eval "$(./berth completion bash)"
            complete -p berth >/dev/null || exit 9
            COMP_LINE=$1 COMP_POINT=${#1}
            read -r -a COMP_WORDS <<<"$1"
            case $1 in *' ') COMP_WORDS+=('') ;; esac
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _berth_complete berth "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        var run = await _client.StartAsync(Shell.Require("bash"), "--norc", "-c", script, "bash", line);
        Assert.Equal((0, ""), (run.Status, run.Errors));
        return run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}

using Berth.Cli.Tests.Fakes;

namespace Berth.Cli.Tests.Completion;

/// <summary>What zsh makes of a line with the script that <c>completion zsh</c> prints: an interactive shell, in which the tabulator key is pressed.</summary>
public sealed class ZshCompletionTests : IDisposable
{
    // The shell writes what the line has become between marks that it was not typed with.
    private const string Script = """
        zmodload zsh/zpty || exit 9
        zpty shell zsh -f -i
        zpty -w shell 'autoload -Uz compinit; compinit -D -u; eval "$(./berth completion zsh)"; show() { zle -I; print -r -- "<<$BUFFER>>" }; zle -N show; bindkey "^O" show; print rea""dy'
        zpty -r shell seen '*ready*'
        zpty -w -n shell "$1"$'\t\C-o'
        zpty -r shell seen '*<<*>>*'
        print -r -- "${${seen##*<<}%%>>*}"
        """;

    private readonly ClientProgram _client = new();

    public ZshCompletionTests()
    {
        File.CreateSymbolicLink(Path.Combine(_client.Folder, "berth"), ClientProgram.Path);
        _client.Environment["TERM"] = "vt100";
    }

    public void Dispose() => _client.Dispose();

    [Theory]
    [InlineData("./berth acr reposit", "./berth acr repository ")]
    [InlineData("./berth acr repository show-tags --ord", "./berth acr repository show-tags --orderby ")]
    [InlineData("./berth acr repository show-tags --orderby t", "./berth acr repository show-tags --orderby time_")]
    [InlineData("cd .; SOME=1 ./berth completion z", "cd .; SOME=1 ./berth completion zsh ")]
    [InlineData("./berth nothing --o", "./berth nothing --o")]
    public async Task Commands_flags_and_values_are_completed(string typed, string completed) => Assert.Equal(completed, await CompleteAsync(typed));

    [Fact]
    public async Task A_registry_s_name_is_completed_where_a_flag_names_one()
    {
        await using var arm = new FakePeer(_ => FakeArm.List([FakeArm.Registry("one"), FakeArm.Registry("third")]));
        _client.SignIn(arm);
        Assert.Equal("./berth acr show --name third ", await CompleteAsync("./berth acr show --name th"));
    }

    private async Task<string> CompleteAsync(string typed)
    {
        var run = await _client.StartAsync(Shell.Require("zsh"), "-f", "-c", Script, "zsh", typed);
        Assert.Equal((0, ""), (run.Status, run.Errors));
        return run.Output.TrimEnd('\n');
    }
}

using System.CommandLine;

namespace Berth.Cli.Completion;

/// <summary><c>completion</c>: the script by which a shell completes this program's commands. The script asks this program what fits, so that it never gets old.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        # Completion of berth: put  eval "$(berth completion bash)"  into ~/.bashrc.
        _berth_complete() {
          local item
          COMPREPLY=()
          while IFS= read -r item; do
            COMPREPLY+=("$item")
          done < <("${COMP_WORDS[0]}" completion suggest "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
        }
        complete -o default -F _berth_complete berth
        """;

    private const string Zsh = """
        #compdef berth
        # Completion of berth: put  eval "$(berth completion zsh)"  into ~/.zshrc, after compinit.
        _berth_complete() {
          local -a items
          items=("${(@f)$("${words[1]}" completion suggest "${(j: :)words[1,CURRENT-1]} $PREFIX" 2>/dev/null)}")
          (( ${#items} )) && [[ -n ${items[1]} ]] && compadd -a items || _files
        }
        compdef _berth_complete berth
        """;

    private const string Fish = """
        # Completion of berth: put  berth completion fish | source  into ~/.config/fish/config.fish.
        complete -c berth -f -a '(berth completion suggest (commandline -cp) 2>/dev/null)'
        """;

    /// <summary>The command with its verbs.</summary>
    public static Command Create() => new("completion", "Prints the script by which a shell completes the commands, their flags, and registries' names.")
    {
        Script("bash", "For bash: eval \"$(berth completion bash)\".", Bash),
        Script("zsh", "For zsh: eval \"$(berth completion zsh)\", after compinit.", Zsh),
        Script("fish", "For fish: berth completion fish | source.", Fish),
        Suggest(),
    };

    private static Command Script(string shell, string description, string script)
    {
        var command = new Command(shell, description);
        command.SetAction(_ => Console.Out.WriteLine(script));
        return command;
    }

    private static Command Suggest()
    {
        var line = new Argument<string>("line") { Description = "The command line up to the cursor." };
        var command = new Command("suggest", "Prints what fits at the end of a command line; the scripts call it.") { line };
        command.Hidden = true;
        command.SetAction(async (parsed, cancellationToken) =>
        {
            foreach (var suggestion in await Suggestions.ForAsync(parsed.GetValue(line)!, cancellationToken)) await Console.Out.WriteLineAsync(suggestion);
        });
        return command;
    }
}

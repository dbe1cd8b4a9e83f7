using System.Text;
using System.Text.RegularExpressions;
using Berth.Testing;

namespace Berth.EndToEnd.Access;

/// <summary>The commands of a page of the documentation, as one script that ends at the first command that does not do what the page says.</summary>
internal static partial class GuidePage
{
    /// <summary>The script. A command that the page calls refused must fail; the port that the page names becomes the server's own.</summary>
    public static async Task<string> ScriptAsync(string page, string port)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", page));
        var script = new StringBuilder("set -Eeuo pipefail\ntrap 'echo \"line $LINENO failed: $BASH_COMMAND\" >&2' ERR\n");
        foreach (Match block in Blocks().Matches(text))
        {
            foreach (var command in block.Groups["commands"].Value.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                script.AppendLine(Refused().Match(command) is { Success: true } refused
                    ? $"if {refused.Groups["command"].Value}; then echo 'was let in: {refused.Groups["command"].Value}' >&2; exit 1; fi"
                    : command);
            }
        }

        return script.ToString().Replace(":5443", $":{port}", StringComparison.Ordinal);
    }

    [GeneratedRegex("^```sh\n(?<commands>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex("^(?<command>.*\\S)\\s+# is refused$")]
    private static partial Regex Refused();
}

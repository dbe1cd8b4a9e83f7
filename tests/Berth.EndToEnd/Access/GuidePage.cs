using System.Text;
using System.Text.RegularExpressions;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Access;

/// <summary>The commands of a page of the documentation, as one script that ends at the first command that does not do what the page says.</summary>
internal static partial class GuidePage
{
    /// <summary>Types the commands of a page in a folder in which <c>./berth</c> is the client and <c>data</c> the server's data folder; they must succeed, and the owner's password is never said.</summary>
    public static async Task<ToolResult> RunAsync(AccessFixture fixture, string folder, string page, IReadOnlyDictionary<string, string> variables)
    {
        Directory.CreateSymbolicLink(Path.Combine(folder, "data"), fixture.Server.Data);
        File.CreateSymbolicLink(Path.Combine(folder, "berth"), BerthClient.Built);
        var script = Path.Combine(folder, "page.sh");
        await File.WriteAllTextAsync(script, await ScriptAsync(page, (":5443", $":{fixture.Port}")));

        var (path, line) = fixture.Names.Command(Tool.Require("bash"), script);
        var environment = new Dictionary<string, string>(fixture.ClientEnvironment)
        {
            ["REGISTRY_AUTH_FILE"] = Path.Combine(folder, "auth.json"),
            ["BERTH_CONFIG_DIR"] = Path.Combine(folder, "config"),
            ["OWNER_PASSWORD"] = fixture.Endpoint.Password,
        };
        foreach (var (name, value) in variables) environment[name] = value;
        var result = await Tool.RunAsync(path, line, folder, environment);

        result.Succeeded();
        Assert.DoesNotContain(fixture.Endpoint.Password, result.Output + result.Errors, StringComparison.Ordinal);
        return result;
    }

    /// <summary>The script. A command that the page calls refused must fail; addresses that the page names become the test's own; what it started in the background ends with it.</summary>
    internal static async Task<string> ScriptAsync(string page, params (string Said, string Meant)[] addresses)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", page));
        var script = new StringBuilder("set -Eeuo pipefail\ntrap 'echo \"line $LINENO failed: $BASH_COMMAND\" >&2' ERR\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n");
        foreach (Match block in Blocks().Matches(text))
        {
            foreach (var command in block.Groups["commands"].Value.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                script.AppendLine(Refused().Match(command) is { Success: true } refused
                    ? $"if {refused.Groups["command"].Value}; then echo 'was let in: {refused.Groups["command"].Value}' >&2; exit 1; fi"
                    : command);
            }
        }

        return addresses.Aggregate(script.ToString(), (text, address) => text.Replace(address.Said, address.Meant, StringComparison.Ordinal));
    }

    [GeneratedRegex("^```sh\n(?<commands>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex("^(?<command>.*\\S)\\s+# is refused$")]
    private static partial Regex Refused();
}

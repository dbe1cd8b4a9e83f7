namespace Berth.EndToEnd.Harness;

/// <summary>
/// Programs for which a server's names lead to this machine, as they do wherever the resolver knows what is below <c>.localhost</c>: each runs with a
/// hosts file of its own, in a mount namespace, so that the machine's stays as it is.
/// </summary>
internal sealed class LocalNames
{
    private const string Domain = "berth.localhost";

    private LocalNames(string file) => File = file;

    /// <summary>The hosts file.</summary>
    public string File { get; }

    /// <summary>Writes the hosts file: this machine's, and these names below the domain.</summary>
    public static async Task<LocalNames> WriteAsync(string folder, params string[] names)
    {
        var hosts = Path.Combine(folder, "hosts");
        await System.IO.File.WriteAllLinesAsync(hosts, [.. await System.IO.File.ReadAllLinesAsync("/etc/hosts"), .. names.Select(name => $"127.0.0.1 {name}.{Domain}")]);
        return new LocalNames(hosts);
    }

    /// <summary>The command line that runs a program with the names.</summary>
    public (string Path, string[] Arguments) Command(string program, params IEnumerable<string> arguments)
    {
        string[] user = Environment.IsPrivilegedProcess ? [] : ["--map-root-user"];
        return (Tool.Require("unshare"), ["--mount", .. user, "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\"", File, program, .. arguments]);
    }
}

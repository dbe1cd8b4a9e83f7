using Berth.Testing;

namespace Berth.EndToEnd.Harness;

/// <summary>The built client with a configuration folder of its own, and a folder of programs in which it is docker-credential-berth.</summary>
internal sealed class BerthClient
{
    private readonly string _program;
    private readonly string _folder;

    /// <summary>The client for a server whose certificate it trusts.</summary>
    public BerthClient(ServerFixture fixture, string folder)
    {
        _folder = folder;
        _program = Built;
        var programs = Directory.CreateDirectory(Path.Combine(folder, "programs")).FullName;
        Helper = Path.Combine(programs, "docker-credential-berth");
        File.CreateSymbolicLink(Helper, _program);
        Host = $"localhost:{fixture.Server.Https.Split(':')[1]}";
        Environment = new(fixture.ClientEnvironment)
        {
            ["BERTH_CONFIG_DIR"] = Path.Combine(folder, "config"),
            ["SSL_CERT_FILE"] = Path.Combine(fixture.Server.Data, "tls", "ca.pem"),
            ["PATH"] = $"{programs}:{System.Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin",
        };
    }

    /// <summary>The built program; the test is skipped where there is none, or fails on continuous integration.</summary>
    public static string Built
    {
        get
        {
            if (BuiltProgram.Client is null) Tool.Lacking("There is no built berth-cli.");
            return BuiltProgram.Client!;
        }
    }

    /// <summary>The program.</summary>
    public string Program => _program;

    /// <summary>The program that container tools look for.</summary>
    public string Helper { get; }

    /// <summary>Where the registry answers HTTPS under a name of its certificate.</summary>
    public string Host { get; }

    /// <summary>The environment of the client, and of tools that start it.</summary>
    public Dictionary<string, string> Environment { get; }

    /// <summary>The folder of the session and of what is kept.</summary>
    public string Config => Environment["BERTH_CONFIG_DIR"];

    /// <summary>Runs a command.</summary>
    public Task<ToolResult> RunAsync(params string[] arguments) => Tool.RunAsync(_program, arguments, _folder, Environment);

    /// <summary>Runs a command that reads something.</summary>
    public Task<ToolResult> RunWithInputAsync(string input, params string[] arguments) => Tool.RunAsync(_program, arguments, _folder, Environment, input);

    /// <summary>Runs the credential helper.</summary>
    public Task<ToolResult> HelpAsync(string verb, string input) => Tool.RunAsync(Helper, [verb], _folder, Environment, input);

    /// <summary>Signs in.</summary>
    public async Task SignInAsync(string user, string password) =>
        (await RunWithInputAsync($"{password}\n", "login", "--endpoint", $"https://{Host}", "--username", user, "--password-stdin")).Succeeded();
}

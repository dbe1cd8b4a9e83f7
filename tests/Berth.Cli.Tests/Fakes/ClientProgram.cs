using System.Diagnostics;
using Berth.Testing;

namespace Berth.Cli.Tests.Fakes;

/// <summary>How the program ended, and what it printed.</summary>
internal sealed record ClientRun(int Status, string Output, string Errors);

/// <summary>The client as a program, with a folder of its own for its session.</summary>
internal sealed class ClientProgram : IDisposable
{
    /// <summary>The subscription of the session.</summary>
    public const string Subscription = "/subscriptions/6a3f9d3e-0000-4000-8000-000000000001";

    /// <summary>What stands for a secret, which must not be seen anywhere.</summary>
    public const string Token = "s3cr3t-access-token";

    private readonly string _folder = Directory.CreateTempSubdirectory("berth-client-").FullName;

    /// <summary>Further variables of its environment.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>The program.</summary>
    public static string Path { get; } = BuiltProgram.Client ?? throw new InvalidOperationException("There is no built berth-cli.");

    /// <summary>A folder for files of the test.</summary>
    public string Folder => _folder;

    /// <summary>Signs in, as far as the client knows: the server is asked nothing.</summary>
    /// <param name="server">The server.</param>
    /// <param name="until">Until when the token is good.</param>
    public void SignIn(FakePeer server, string until = "2199-01-01T00:00:00Z") => File.WriteAllText(System.IO.Path.Combine(_folder, "session.json"), $$"""
        {
          "endpoint": "{{server.Address}}", "loginEndpoint": "{{server.Address}}", "armEndpoint": "{{server.Address}}", "graphEndpoint": "{{server.Address}}",
          "tenantId": "6a3f9d3e-0000-4000-8000-000000000002", "subscriptionId": "{{Subscription.Split('/')[2]}}", "userName": "ann", "secret": "s3cr3t",
          "accessTokens": { "{{server.Address}}": { "token": "{{Token}}", "until": "{{until}}" } }
        }
        """);

    /// <summary>Runs a command.</summary>
    public Task<ClientRun> RunAsync(params string[] arguments) => StartAsync(Path, arguments);

    /// <summary>Runs another program, which may run this one.</summary>
    public async Task<ClientRun> StartAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder };
        foreach (var name in (string[])["BERTH_USERNAME", "BERTH_PASSWORD", "BERTH_ENDPOINT", "SSL_CERT_FILE"]) start.Environment.Remove(name);
        start.Environment["BERTH_CONFIG_DIR"] = _folder;
        foreach (var (name, value) in Environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = await process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return new ClientRun(process.ExitCode, await output, errors);
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

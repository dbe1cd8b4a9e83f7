using System.Diagnostics;
using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Operations;

/// <summary>A server in a network of its own, with listeners that are the registry local's alone, and clients in another network.</summary>
public sealed class NetworkNamespaceFixture : IAsyncLifetime
{
    /// <summary>Where the server's public listener is reached.</summary>
    public const string Public4 = "10.9.0.1:5443", Public6 = "[fd00:9::1]:5443";

    /// <summary>Where its private listeners are.</summary>
    public const string Private4 = "10.9.0.9:6443", Private6 = "[fd00:9::9]:6443";

    private const string Password = "a password of one run";

    private readonly string _folder = Directory.CreateTempSubdirectory("berth-networks-").FullName;
    private NetworkNamespaces? _networks;
    private Process? _server;
    private string _token = "";
    private string _scope = "";

    private string Data => Path.Combine(_folder, "data");

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>Starts it once; where that cannot be done the test is skipped, or fails on continuous integration.</summary>
    public async Task StartAsync()
    {
        if (_server is not null) return;
        if (BuiltProgram.Server is not { } executable)
        {
            Tool.Lacking("There is no built berth-server.");
            return;
        }

        _networks = await NetworkNamespaces.MakeAsync(
            _folder, ["10.9.0.1/24", "10.9.0.9/24", "fd00:9::1/64", "fd00:9::9/64"], ["10.9.0.2/24", "10.9.0.3/24", "fd00:9::2/64", "fd00:9::3/64"]);
        var command = _networks.ServerCommand(executable, "serve", "--data", Data, "--http", "127.0.0.1:5000", "--https", "*:5443");
        _server = Tool.Start("/bin/sh", ["-c", "log=$1; shift; exec \"$@\" >\"$log\" 2>&1", "sh", Path.Combine(_folder, "log"), .. command], _folder, new Dictionary<string, string>
        {
            ["BERTH_OWNER_PASSWORD"] = Password,
            ["BERTH_Network__PrivateListeners"] = $"{Private4}=local,{Private6}=local",
        });
        var clock = Stopwatch.StartNew();
        while ((await _networks.InServerAsync("curl", "-fsS", "http://127.0.0.1:5000/healthz/ready")).Status != 0)
        {
            if (_server.HasExited || clock.Elapsed > TimeSpan.FromMinutes(1)) Assert.Fail(await File.ReadAllTextAsync(Path.Combine(_folder, "log")));
            await Task.Delay(50);
        }

        await SignInAsync();
    }

    /// <summary>Calls the control plane about a registry, from beside the server.</summary>
    public async Task<JsonElement> ArmAsync(string method, string body, string registry = "local") => await AskAsync(
        "-X", method, "-H", $"Authorization: Bearer {_token}", "-H", "Content-Type: application/json", "-d", body,
        $"http://127.0.0.1:5000{_scope}/{registry}?api-version=2025-11-01");

    /// <summary>What a client of an address is answered as the owner at a listener: the status, and the body behind it.</summary>
    public async Task<string> CallAsync(string from, string to, string registry = "local", params string[] more)
    {
        string[] arguments =
        [
            "-sS", "--cacert", Path.Combine(Data, "tls", "ca.pem"), "--interface", from, "--connect-to", $"::{to}", "-u", $"owner:{Password}", "-w", "\n%{http_code}",
            .. more, $"https://{registry}.berth.localhost:5443/v2/",
        ];
        var answer = (await _networks!.InClientAsync("curl", arguments)).Succeeded().Output;
        var line = answer.LastIndexOf('\n');
        return $"{answer[(line + 1)..]} {answer[..line]}";
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            using (var kill = Process.Start("kill", ["-TERM", $"{_server.Id}"])) await kill.WaitForExitAsync();
            await _server.WaitForExitAsync();
            _server.Dispose();
        }

        if (_networks is not null) await _networks.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task SignInAsync()
    {
        var about = await AskAsync("http://127.0.0.1:5000/.well-known/berth");
        var audience = about.GetProperty("armEndpoint").GetString()!.TrimEnd('/');
        _scope = $"/subscriptions/{about.GetProperty("subscriptionId").GetString()}/resourceGroups/default/providers/Microsoft.ContainerRegistry/registries";
        var signedIn = await AskAsync(
            "--data-urlencode", "grant_type=password", "--data-urlencode", "client_id=04b07795-8ddb-461a-bbee-02f9e1bf7b46", "--data-urlencode", "username=owner",
            "--data-urlencode", $"password={Password}", "--data-urlencode", $"scope={audience}/.default", "http://127.0.0.1:5000/adfs/oauth2/token");
        _token = signedIn.GetProperty("access_token").GetString()!;
    }

    private async Task<JsonElement> AskAsync(params string[] arguments) =>
        JsonDocument.Parse((await _networks!.InServerAsync("curl", ["-sS", "--fail-with-body", .. arguments])).Succeeded().Output).RootElement;
}

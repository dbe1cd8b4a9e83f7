using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Berth.Testing.ObjectServers;

namespace Berth.Testing;

/// <summary>The real server as a process of its own, on loopback ports and a data folder of its own.</summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private readonly string _executable;
    private readonly string _log;
    private readonly Dictionary<string, string> _settings;
    private readonly bool _ownsData;
    private Process? _process;
    private FileStream? _output;
    private Task _pump = Task.CompletedTask;

    /// <summary>A server that is not started yet.</summary>
    /// <param name="executable">See <see cref="BuiltProgram.Server"/>.</param>
    /// <param name="name">A word for the log file's name.</param>
    /// <param name="settings">Settings, by the names of their environment variables.</param>
    /// <param name="data">The data folder; null makes one that goes away with the process.</param>
    /// <param name="inPlaceOf">A server that ended, whose addresses and owner this one has; null for new ones.</param>
    /// <param name="password">The owner's password, where the installation has one already; null for a new one.</param>
    public ServerProcess(
        string executable, string name, IReadOnlyDictionary<string, string>? settings = null, string? data = null, ServerProcess? inPlaceOf = null, string? password = null)
    {
        _executable = executable;
        _settings = new(settings ?? new Dictionary<string, string>());
        _ownsData = data is null;
        Data = data ?? Directory.CreateTempSubdirectory("berth-test-").FullName;
        Https = inPlaceOf?.Https ?? $"127.0.0.1:{FreePorts.FirstOf(1)}";
        Endpoint = inPlaceOf?.Endpoint ?? new RegistryEndpoint(new Uri($"http://127.0.0.1:{FreePorts.FirstOf(1)}"), "owner", password ?? $"secret-{Content.Name()}");
        _log = Path.Combine(Directory.CreateDirectory(Path.Combine(Repository.Artifacts, "log")).FullName, $"{name}-{Environment.ProcessId}-{Content.Name()}.log");
    }

    /// <summary>Where it answers plain HTTP.</summary>
    public RegistryEndpoint Endpoint { get; }

    /// <summary>Where it answers HTTPS, as host:port.</summary>
    public string Https { get; }

    /// <summary>The data folder.</summary>
    public string Data { get; }

    /// <summary>Its log file; it is deleted with the server unless <see cref="KeepLog"/>.</summary>
    public string Log => _log;

    /// <summary>Whether the log stays after the server is gone, because something failed.</summary>
    public bool KeepLog { get; set; }

    /// <summary>What the program is started by, which becomes it: <c>nsenter</c>, with its arguments, for one in a network of its own. Empty for nothing.</summary>
    public IReadOnlyList<string> Within { get; init; } = [];

    /// <summary>Whether it runs.</summary>
    public bool IsRunning => _process is { HasExited: false };

    /// <summary>The process id, while it runs.</summary>
    public int Id => _process?.Id ?? 0;

    /// <summary>Starts it and waits until it is ready; returns the time that took.</summary>
    /// <exception cref="InvalidOperationException">It ended, or was not ready in time; the message holds its last words.</exception>
    public async Task<TimeSpan> StartAsync(TimeSpan limit)
    {
        string[] command = [.. Within, _executable];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = Data };
        foreach (var argument in (string[])["serve", "--data", Data, "--http", Endpoint.Authority, "--https", Https]) start.ArgumentList.Add(argument);
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("BERTH_", StringComparison.Ordinal)).ToList()) start.Environment.Remove(name);
        if (ClusterStores.AreUsed && !_settings.Keys.Any(ChoosesStores))
        {
            foreach (var (name, value) in await ClusterStores.SettingsOfAsync(Data)) start.Environment[name] = value;
        }

        // Most servers of tests answer some hundred requests and end: what is called thirty times is not compiled once more for them, which took most of their time.
        start.Environment.TryAdd("DOTNET_TC_CallCountThreshold", "1000");
        foreach (var (name, value) in _settings) start.Environment[name] = value;
        start.Environment["BERTH_OWNER_PASSWORD"] = Endpoint.Password;

        var clock = Stopwatch.StartNew();
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{_executable} did not start.");
        _process.StandardInput.Close();
        _output = new FileStream(_log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        _pump = Task.WhenAll(PumpAsync(_process.StandardOutput.BaseStream), PumpAsync(_process.StandardError.BaseStream));

        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };
        while (clock.Elapsed < limit)
        {
            if (_process.HasExited) throw new InvalidOperationException($"The server ended with status {_process.ExitCode} before it was ready:\n{LastWords()}");
            try
            {
                using var answer = await http.GetAsync(new Uri(Endpoint.Address, "/healthz/ready"));
                if (answer.StatusCode == HttpStatusCode.OK) return clock.Elapsed;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException or SocketException)
            {
                // Not listening yet; asked again until the limit. .NET passes the socket's own error on where a connection ends as soon as it is made.
            }

            await Task.Delay(25);
        }

        throw new InvalidOperationException($"The server was not ready after {limit.TotalSeconds} s:\n{LastWords()}");
    }

    /// <summary>SIGKILL, and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        if (_process is null) return;
        _process.Kill();
        await EndAsync();
    }

    /// <summary>SIGTERM; returns the exit status, or null when it had to be killed after the limit.</summary>
    public async Task<int?> StopAsync(TimeSpan limit)
    {
        if (_process is null) return null;
        using (var kill = Process.Start("kill", ["-TERM", Id.ToString(CultureInfo.InvariantCulture)])) await kill.WaitForExitAsync();
        using var timeout = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            await KillAsync();
            return null;
        }

        var status = _process.ExitCode;
        await EndAsync();
        return status;
    }

    /// <summary>The end of its log.</summary>
    public string LastWords()
    {
        using var file = new StreamReader(new FileStream(_log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return string.Join('\n', file.ReadToEnd().Split('\n').TakeLast(25));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (IsRunning && await StopAsync(TimeSpan.FromSeconds(30)) is not 0) KeepLog = true;
        await KillAsync();
        if (!KeepLog) File.Delete(_log);
        if (!_ownsData) return;
        await ClusterStores.RemoveAsync(Data);
        Directory.Delete(Data, recursive: true);
    }

    private static bool ChoosesStores(string setting) =>
        setting.StartsWith("BERTH_Storage__", StringComparison.OrdinalIgnoreCase) || setting.StartsWith("BERTH_Metadata__", StringComparison.OrdinalIgnoreCase);

    private async Task PumpAsync(Stream stream)
    {
        var buffer = new byte[8192];
        while (await stream.ReadAsync(buffer) is var count and > 0)
        {
            lock (_output!)
            {
                _output.Write(buffer, 0, count);
                _output.Flush();
            }
        }
    }

    private async Task EndAsync()
    {
        await _process!.WaitForExitAsync();
        await _pump;
        await _output!.DisposeAsync();
        _process.Dispose();
        _process = null;
    }
}

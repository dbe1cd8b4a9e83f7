using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Berth.Server.Tests.Hosting;

/// <summary>One run of the real server program on free loopback ports, with its output.</summary>
internal sealed partial class ServerRun : IAsyncDisposable
{
    public const string Password = "correct horse battery";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerRun(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, e) => Keep(_output, e.Data);
        _process.ErrorDataReceived += (_, e) => Keep(_errors, e.Data);
    }

    /// <summary>Where plain HTTP answers.</summary>
    public Uri Http { get; private set; } = null!;

    /// <summary>Where HTTPS answers.</summary>
    public Uri Https { get; private set; } = null!;

    /// <summary>What the program wrote to stdout.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>What the program wrote to stderr.</summary>
    public string Errors => string.Join('\n', _errors);

    /// <summary>Starts <c>serve</c> and waits until it is ready.</summary>
    public static async Task<ServerRun> StartAsync(string data, string[]? arguments = null, Dictionary<string, string?>? variables = null)
    {
        var run = Launch(["serve", "--data", data, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", .. arguments ?? []], variables);
        var ended = run._process.WaitForExitAsync();
        if (await Task.WhenAny(run._ready.Task, ended).WaitAsync(StartLimit) == ended)
            throw new InvalidOperationException($"The server ended with {run._process.ExitCode}:\n{run.Output}\n{run.Errors}");
        var words = run._output.First(l => l.StartsWith("Berth is ready", StringComparison.Ordinal)).Split(' ');
        run.Http = new Uri(words.First(w => w.StartsWith("http:", StringComparison.Ordinal)));
        run.Https = new Uri(words.First(w => w.StartsWith("https:", StringComparison.Ordinal)));
        return run;
    }

    /// <summary>Runs the program to its end; returns its exit code and output.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string[] arguments, Dictionary<string, string?>? variables = null)
    {
        await using var run = Launch(arguments, variables);
        await run._process.WaitForExitAsync().WaitAsync(StartLimit);
        return (run._process.ExitCode, run.Output, run.Errors);
    }

    /// <summary>Asks the program to end.</summary>
    public void Terminate() => Assert.Equal(0, Kill(_process.Id, 15));

    /// <summary>Waits for the end; returns the exit code.</summary>
    public async Task<int> WaitForEndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(EndLimit);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    /// <summary>A client without credentials that trusts any certificate.</summary>
    public static HttpClient Client() => new(new SocketsHttpHandler
    {
        UseProxy = false,
        SslOptions = new() { RemoteCertificateValidationCallback = (_, _, _, _) => true },
    });

    /// <summary>The owner's Authorization header.</summary>
    public static string Basic(string password = Password) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"owner:{password}"));

    /// <summary>A connection to the plain listener, for requests that are not sent in one go.</summary>
    public async Task<NetworkStream> ConnectAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, Http.Port);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static ServerRun Launch(string[] arguments, Dictionary<string, string?>? variables)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "berth-server"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("BERTH_", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name);
        start.Environment["BERTH_OWNER_PASSWORD"] = Password;
        foreach (var (name, value) in variables ?? [])
            start.Environment[name] = value;
        var run = new ServerRun(start);
        run._process.Start();
        run._process.BeginOutputReadLine();
        run._process.BeginErrorReadLine();
        return run;
    }

    private void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is null)
            return;
        lines.Enqueue(line);
        if (line.StartsWith("Berth is ready", StringComparison.Ordinal))
            _ready.TrySetResult();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}

using System.Diagnostics;
using System.Net;
using System.Text;
using Berth.Bench.Load;

namespace Berth.Bench.Servers;

/// <summary>One of the registries that are compared: where it listens, how it is started, what it takes.</summary>
internal abstract class RegistryServer(string name, string folder) : IDisposable
{
    protected const string Password = "bench-password-of-one-run";

    private ServerProcess? _process;

    public string Name { get; } = name;

    /// <summary>Where its data is.</summary>
    public string Folder { get; } = folder;

    /// <summary>Requests over plain HTTP.</summary>
    public RequestWriter Requests { get; } = new(
        ServerProcess.FreeAddress(), "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"owner:{Password}")));

    /// <summary>Where it speaks TLS, with an ECDSA P-256 certificate.</summary>
    public abstract IPEndPoint TlsTarget { get; }

    /// <summary>The process that speaks TLS.</summary>
    public virtual ServerProcess TlsProcess => Process;

    public bool IsRunning => _process is not null;

    public ServerProcess Process => _process ?? throw new BenchException($"{Name} does not run");

    /// <summary>The request whose first 200 says that the server is there.</summary>
    protected abstract string ReadyPath { get; }

    /// <summary>Starts it and waits until it answers; returns how long that took.</summary>
    public TimeSpan Start()
    {
        var started = Stopwatch.GetTimestamp();
        _process = Launch();
        var ready = _process.WaitFor(Requests.Target, Requests.Format("GET", ReadyPath));
        return Stopwatch.GetElapsedTime(started, ready);
    }

    /// <summary>How long after its start /v2/ answered the credential with 200; only right after <see cref="Start"/>.</summary>
    public long WaitForApi() => Process.WaitFor(Requests.Target, Requests.Format("GET", "/v2/"));

    public void Stop()
    {
        _process?.Dispose();
        _process = null;
    }

    /// <summary>Makes what the TLS figure needs; the peer starts a second process.</summary>
    public virtual void StartTls()
    {
    }

    public virtual void StopTls()
    {
    }

    public virtual void Dispose() => Stop();

    protected abstract ServerProcess Launch();

    /// <summary>The rest of the command that starts a program of this server, with a log beside its data.</summary>
    protected ServerProcess Launch(IReadOnlyDictionary<string, string> environment, params IEnumerable<string> command)
    {
        Directory.CreateDirectory(Folder);
        var working = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(Folder)!, "empty")).FullName;
        return ServerProcess.Start(Folder + ".log", environment, working, command);
    }
}

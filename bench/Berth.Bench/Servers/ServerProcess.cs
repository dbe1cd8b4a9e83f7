using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Berth.Bench.Load;

namespace Berth.Bench.Servers;

/// <summary>A server that the benchmark has started. Disposing ends it: SIGTERM first, SIGKILL after 15 s.</summary>
internal sealed class ServerProcess : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(15);

    private readonly Process _process;
    private readonly string _log;

    private ServerProcess(Process process, string log)
    {
        _process = process;
        _log = log;
    }

    public int Id => _process.Id;

    /// <summary>Starts a program; its output goes to a file.</summary>
    public static ServerProcess Start(string log, IReadOnlyDictionary<string, string> environment, string workingDirectory, params IEnumerable<string> command)
    {
        // The shell opens the log and becomes the program: no pipe of ours stands in the way of its output.
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = workingDirectory };
        foreach (var argument in (string[])["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", log, .. command]) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return new ServerProcess(Process.Start(start) ?? throw new BenchException($"{command.First()} did not start"), log);
    }

    /// <summary>A loopback address that nothing listens on at this moment.</summary>
    public static IPEndPoint FreeAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return (IPEndPoint)listener.LocalEndpoint;
    }

    public TimeSpan CpuTime() => ProcFiles.CpuTime(Id);

    public long ResidentBytes() => ProcFiles.ResidentBytes(Id);

    /// <summary>Asks again each millisecond until the answer is 200; returns when that was.</summary>
    public long WaitFor(IPEndPoint target, byte[] request, bool tls = false)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            if (TryAsk(target, request, tls, out var status) && status == 200) return Stopwatch.GetTimestamp();
            if (_process.HasExited) throw new BenchException($"a server ended at its start:\n{LogTail()}");
            if (Stopwatch.GetElapsedTime(started) > StartLimit) throw new BenchException($"a server was not ready (last status {status}):\n{LogTail()}");
            Thread.Sleep(1);
        }
    }

    /// <summary>The last lines that the server wrote.</summary>
    public string LogTail() => File.Exists(_log) ? string.Join('\n', File.ReadLines(_log).TakeLast(20)) : "";

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            using var kill = Process.Start("kill", ["-TERM", $"{Id}"]);
            kill.WaitForExit();
            if (!_process.WaitForExit(StopLimit)) _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private static bool TryAsk(IPEndPoint target, byte[] request, bool tls, out int status)
    {
        status = 0;
        try
        {
            using var wire = Wire.Open(target, tls);
            var response = new ResponseReader();
            wire.Send(request);
            wire.ReceiveResponse(response);
            status = response.Status;
            return true;
        }
        catch (BenchException)
        {
            return false;
        }
    }

}

using System.ComponentModel;
using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Berth.EndToEnd.Harness;

/// <summary>A network of its own, for as long as a process lives that holds it. The machine's own network stays as it is.</summary>
internal sealed partial class NetworkNamespace : IAsyncDisposable
{
    private const int Network = 0x4000_0000;

    private readonly Process _holder;
    private readonly string _folder;

    private NetworkNamespace(Process holder, string folder) => (_holder, _folder) = (holder, folder);

    /// <summary>The process that holds it.</summary>
    public int Id => _holder.Id;

    /// <summary>Makes one; where that cannot be done the test is skipped, or fails on continuous integration.</summary>
    public static async Task<NetworkNamespace> MakeAsync(string folder)
    {
        foreach (var tool in (string[])["ip", "nsenter", "unshare"]) Tool.Require(tool);
        if (!Environment.IsPrivilegedProcess) Tool.Lacking("Networks of their own are root's to make.");
        var holder = Tool.Start(Tool.Require("unshare"), ["--net", "cat"], folder);
        var own = File.ResolveLinkTarget("/proc/self/ns/net", returnFinalTarget: false)!.Name;
        var clock = Stopwatch.StartNew();
        while (!holder.HasExited && File.ResolveLinkTarget($"/proc/{holder.Id}/ns/net", returnFinalTarget: false)?.Name == own)
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20));
            await Task.Delay(10);
        }

        if (holder.HasExited) Tool.Lacking($"A network of its own cannot be made here: {await holder.StandardError.ReadToEndAsync()}");
        return new NetworkNamespace(holder, folder);
    }

    /// <summary>What starts a program in it; the program and its arguments follow.</summary>
    public string[] Within => [Tool.Require("nsenter"), "--target", $"{_holder.Id}", "--net"];

    /// <summary>Runs a program in it.</summary>
    public Task<ToolResult> RunAsync(string program, params string[] arguments)
    {
        string[] command = [.. Within, Tool.Require(program), .. arguments];
        return Tool.RunAsync(command[0], command[1..], _folder);
    }

    /// <summary>A socket that is in it wherever it is used: a socket belongs to the network of the thread that made it.</summary>
    public Socket MakeSocket()
    {
        Socket? made = null;
        Exception? failure = null;

        // A thread that has been there does nothing else afterwards.
        var visitor = new Thread(() =>
        {
            try
            {
                using var network = File.OpenHandle($"/proc/{_holder.Id}/ns/net");
                if (SetNamespace(network, Network) != 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
                made = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            }
            catch (Exception e) when (e is IOException or Win32Exception or SocketException)
            {
                failure = e;
            }
        });
        visitor.Start();
        visitor.Join();
        return made ?? throw new SocketException((int)SocketError.NetworkDown, failure?.Message);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Nobody is in it any more then, and it goes.
        _holder.StandardInput.Close();
        await _holder.WaitForExitAsync();
        _holder.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeHandle network, int kind);
}

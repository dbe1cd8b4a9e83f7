using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Berth.Testing.ObjectServers;

/// <summary>Ports of the loopback for programs that want to be told theirs. A port is given to one test process of this machine, which has it until it ends.</summary>
public static class FreePorts
{
    private const int First = 20_000;
    private const int Last = 32_000;

    // A program listens seconds after it was told its port on a busy machine, and not at all while it is started again: until then a lock on the byte of that number in a
    // file that all share says whose it is. The system lets go of it with the process, however that ends, and nothing lies about.
    private static readonly FileStream Claims = new(
        Path.Combine(Path.GetTempPath(), $"berth-test-ports-{Environment.UserName}.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);

    private static readonly ConcurrentDictionary<int, bool> Tried = new();

    /// <summary>The first of so many ports in a row that nobody has now; below those that the system hands out.</summary>
    public static int FirstOf(int count)
    {
        for (var attempt = 0; attempt < 200; attempt++)
        {
            var first = Random.Shared.Next(First, Last - count);
            if (Enumerable.Range(first, count).All(port => IsFree(port) && Take(port))) return first;
        }

        throw new InvalidOperationException($"No {count} free ports in a row.");
    }

    private static bool Take(int port)
    {
        // Such locks tell processes apart, not the tests of one.
        if (!Tried.TryAdd(port, true)) return false;
        try
        {
            // .NET has no such locks on macOS, where no server is tested.
            if (!OperatingSystem.IsMacOS()) Claims.Lock(port, 1);
            return true;
        }
        catch (IOException)
        {
            // Another process has it.
            return false;
        }
    }

    private static bool IsFree(int port)
    {
        using var probe = new TcpListener(IPAddress.Loopback, port);
        try
        {
            probe.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

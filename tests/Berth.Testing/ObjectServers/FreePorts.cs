using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Berth.Testing.ObjectServers;

/// <summary>Ports of the loopback for programs that want to be told theirs. A port is given to one test process of this machine, which has it until it ends.</summary>
public static class FreePorts
{
    private const int First = 20_000;
    private const int Last = 32_000;

    // A program listens seconds after it was told its port on a busy machine, and not at all while it is started again: until then a file says whose it is.
    private static readonly string Folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"berth-test-ports-{Environment.UserName}")).FullName;
    private static readonly ConcurrentBag<FileStream> Taken = [];

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
        try
        {
            Taken.Add(new FileStream(Path.Combine(Folder, $"{port}"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            return true;
        }
        catch (IOException)
        {
            // Another process, or another test of this one, has it.
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

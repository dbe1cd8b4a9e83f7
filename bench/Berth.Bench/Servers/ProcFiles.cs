using System.Globalization;

namespace Berth.Bench.Servers;

/// <summary>What the kernel says about processes, read from /proc.</summary>
internal static class ProcFiles
{
    private const double TicksPerSecond = 100;

    // user, nice, system, irq, softirq of the first line of /proc/stat.
    private static readonly int[] BusyFields = [1, 2, 3, 6, 7];

    /// <summary>utime + stime of a process and of its children that live.</summary>
    public static TimeSpan CpuTime(int process)
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var own = Ticks(fields[11]) + Ticks(fields[12]);
        return Children(process).Aggregate(own, (sum, child) => sum + CpuTime(child));
    }

    /// <summary>The same with the children that have ended and were waited for: a server of many short processes.</summary>
    public static TimeSpan CpuTimeWithEnded(int process)
    {
        var fields = Fields(process)!;
        var sum = Ticks(fields[11]) + Ticks(fields[12]) + Ticks(fields[13]) + Ticks(fields[14]);
        foreach (var child in Children(process))
        {
            // It may end between its being listed and this.
            if (Fields(child) is { } of) sum += Ticks(of[11]) + Ticks(of[12]);
        }

        return sum;
    }

    /// <summary>Resident memory in bytes, without that of children.</summary>
    public static long ResidentBytes(int process)
    {
        foreach (var line in File.ReadLines($"/proc/{process}/status"))
        {
            if (line.StartsWith("VmRSS:", StringComparison.Ordinal))
                return long.Parse(line.AsSpan(6).Trim().TrimEnd(" kB"), CultureInfo.InvariantCulture) * 1024;
        }

        throw new BenchException($"process {process} has no VmRSS");
    }

    /// <summary>Processor time that the whole machine has spent on anything but waiting.</summary>
    public static TimeSpan MachineBusy()
    {
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return BusyFields.Aggregate(TimeSpan.Zero, (sum, i) => sum + Ticks(fields[i]));
    }

    private static string[]? Fields(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static IEnumerable<int> Children(int process) =>
        File.ReadAllText($"/proc/{process}/task/{process}/children")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(text => int.Parse(text, CultureInfo.InvariantCulture));

    private static TimeSpan Ticks(string text) => TimeSpan.FromSeconds(long.Parse(text, CultureInfo.InvariantCulture) / TicksPerSecond);
}

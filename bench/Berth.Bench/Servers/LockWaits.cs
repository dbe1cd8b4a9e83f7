using System.Globalization;
using System.Text.RegularExpressions;

namespace Berth.Bench.Servers;

/// <summary>The waits for locks that PostgreSQL wrote into its log: those of 10 ms or more.</summary>
internal static partial class LockWaits
{
    /// <summary>Those of one kind of client since the log had a length.</summary>
    /// <param name="log">The server's log.</param>
    /// <param name="since">How long it was.</param>
    /// <param name="client">The name that the clients connect with.</param>
    /// <returns>Milliseconds each.</returns>
    public static List<double> Read(string log, long since, string client)
    {
        using var file = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Position = since;
        using var reader = new StreamReader(file);
        var waits = new List<double>();
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith(client + "|", StringComparison.Ordinal) && Acquired().Match(line) is { Success: true } wait)
                waits.Add(double.Parse(wait.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
        }

        return waits;
    }

    /// <summary>The wait that a share of all operations did not exceed; those that are not among the waits did not wait.</summary>
    public static double Percentile(List<double> waits, long operations, double share)
    {
        var beyond = (int)(operations * (1 - share));
        return waits.OrderDescending().Skip(beyond).FirstOrDefault();
    }

    [GeneratedRegex(@"acquired \w+ on .* after ([\d.]+) ms")]
    private static partial Regex Acquired();
}

namespace Berth.Bench.Servers;

/// <summary>Looks at a server's resident memory while something is done.</summary>
internal static class ResidentWatch
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    /// <summary>The most bytes that the server had in memory during the work.</summary>
    public static long Highest(ServerProcess server, Action work)
    {
        long highest = 0;
        using var ended = new ManualResetEventSlim();
        var watcher = new Thread(() =>
        {
            do highest = Math.Max(highest, server.ResidentBytes());
            while (!ended.Wait(BetweenLooks));
        });
        watcher.Start();
        try
        {
            work();
        }
        finally
        {
            ended.Set();
            watcher.Join();
        }

        return highest;
    }
}

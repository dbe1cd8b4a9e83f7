using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Berth.Bench.Servers;

/// <summary>Steers a running Berth's garbage collection, and watches it.</summary>
internal sealed class BerthGarbage(BerthTokens calls, CancellationToken cancellationToken)
{
    private const string Path = "/berth/v1/garbage";
    private const string TimeOfRounds = "berth_gc_sweep_duration_seconds_sum";
    private const string Removed = "berth_gc_location_removed_total";

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AgeOfMetrics = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Stops it, and waits until what runs has ended.</summary>
    public void Pause()
    {
        var until = TimeProvider.System.GetUtcNow().AddHours(1).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        calls.AskControl(HttpMethod.Put, Path + "/pause", $$"""{"until":"{{until}}"}""").Dispose();
        WaitUntil(() => !IsRunning);
    }

    /// <summary>Lets it go on, and waits until a round has begun.</summary>
    public void Resume()
    {
        calls.AskControl(HttpMethod.Delete, Path + "/pause").Dispose();
        WaitUntil(() => IsRunning);
    }

    /// <summary>Whether a round is under way.</summary>
    public bool IsRunning
    {
        get
        {
            using var answer = calls.AskControl(HttpMethod.Get, Path);
            return answer.RootElement.GetProperty("runningRound").ValueKind != JsonValueKind.Null;
        }
    }

    /// <summary>Lets it go on until it has removed so many locations.</summary>
    /// <returns>How long that took.</returns>
    public TimeSpan Remove(int locations)
    {
        var (time, removed) = (calls.ReadMetric(TimeOfRounds), calls.ReadMetric(Removed));
        calls.AskControl(HttpMethod.Delete, Path + "/pause").Dispose();
        WaitUntil(() => calls.ReadMetric(Removed) - removed >= locations);
        WaitUntil(() => !IsRunning);
        Thread.Sleep(AgeOfMetrics);
        return TimeSpan.FromSeconds(calls.ReadMetric(TimeOfRounds) - time);
    }

    private void WaitUntil(Func<bool> isThere)
    {
        var started = Stopwatch.GetTimestamp();
        while (!isThere())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Stopwatch.GetElapsedTime(started) > Limit) throw new BenchException("garbage collection did not come to what was waited for");
            Thread.Sleep(BetweenLooks);
        }
    }
}

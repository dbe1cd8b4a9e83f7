using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Berth.Bench.Servers;

/// <summary>Steers a running Berth's garbage collection, and watches its rounds.</summary>
internal sealed class BerthGarbage(BerthTokens calls)
{
    private const string Path = "/berth/v1/garbage";

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RoundLimit = TimeSpan.FromMinutes(5);

    /// <summary>Stops it, and waits until what runs has ended.</summary>
    public void Pause()
    {
        var until = TimeProvider.System.GetUtcNow().AddHours(1).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        calls.AskControl(HttpMethod.Put, Path + "/pause", $$"""{"until":"{{until}}"}""").Dispose();
        WaitFor(look => look.Running is null);
    }

    /// <summary>Lets it go on, and waits until a round has begun.</summary>
    public void Resume()
    {
        calls.AskControl(HttpMethod.Delete, Path + "/pause").Dispose();
        WaitFor(look => look.Running is not null);
    }

    /// <summary>Whether a round is under way.</summary>
    public bool IsRunning => Look().Running is not null;

    /// <summary>Lets it go on for one round, which must remove as many locations.</summary>
    /// <returns>How long the round took.</returns>
    public TimeSpan RunRound(int locations)
    {
        var since = TimeProvider.System.GetUtcNow();
        calls.AskControl(HttpMethod.Delete, Path + "/pause").Dispose();
        var round = WaitFor(look => look.Last?.StartedAt >= since).Last!.Value;
        if (round.Removed != locations) throw new BenchException($"a round of garbage collection removed {round.Removed} locations of {locations}");
        return round.Took;
    }

    private Rounds WaitFor(Func<Rounds, bool> isThere)
    {
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < RoundLimit)
        {
            var look = Look();
            if (isThere(look)) return look;
            Thread.Sleep(BetweenLooks);
        }

        throw new BenchException("garbage collection did not come to what was waited for");
    }

    private Rounds Look()
    {
        using var answer = calls.AskControl(HttpMethod.Get, Path);
        return new Rounds(Read(answer.RootElement.GetProperty("runningRound")), Read(answer.RootElement.GetProperty("lastRound")));
    }

    private static Round? Read(JsonElement round)
    {
        if (round.ValueKind == JsonValueKind.Null) return null;
        var (started, ended) = (round.GetProperty("startedAt").GetDateTimeOffset(), round.GetProperty("endedAt"));
        var took = ended.ValueKind == JsonValueKind.Null ? TimeSpan.Zero : ended.GetDateTimeOffset() - started;
        return new Round(started, took, round.GetProperty("locationsRemoved").GetInt64());
    }

    private readonly record struct Rounds(Round? Running, Round? Last);

    private readonly record struct Round(DateTimeOffset StartedAt, TimeSpan Took, long Removed);
}

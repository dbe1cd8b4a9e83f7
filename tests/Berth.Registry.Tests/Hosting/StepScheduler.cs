using System.Collections.Concurrent;
using Berth.Oci;

namespace Berth.Registry.Tests.Hosting;

/// <summary>
/// Lets one actor run at a time, from one named step to its next, in an order that a list of choices fixes. Playing every list of
/// choices plays every order of the actors at their steps.
/// </summary>
internal sealed class StepScheduler : ISteps
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // An actor that does several things side by side stands at several steps; they go on one after the other.
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Stop>> _stops = new();
    private readonly SemaphoreSlim _news = new(0);
    private volatile bool _holding;

    /// <inheritdoc/>
    public async ValueTask ReachAsync(string point)
    {
        if (!_holding || Actor.Current is not { } actor) return;
        var stop = new Stop(point);
        _stops.GetOrAdd(actor, static _ => new ConcurrentQueue<Stop>()).Enqueue(stop);
        _news.Release();
        await stop.Released.Task;
    }

    /// <summary>Plays one order; returns the choices that were open at each decision, and the path that was taken.</summary>
    /// <param name="actors">What each actor does, by name.</param>
    /// <param name="choices">Which of the waiting actors goes on, at each decision; 0 where the list ends.</param>
    public async Task<Played> PlayAsync(Dictionary<string, Func<Task>> actors, IReadOnlyList<int> choices)
    {
        _holding = true;
        _stops.Clear();
        var path = new List<string>();
        var options = new List<int>();
        var running = new Dictionary<string, Task>();
        foreach (var (name, act) in actors)
        {
            running[name] = Task.Run(async () =>
            {
                Actor.Current = name;
                await ReachAsync("start");
                await act();
            });

            // Only once the task counts as completed: told any earlier, the scheduler would look, find it running, and wait for news that was told.
            _ = running[name].ContinueWith(_ => _news.Release(), TaskScheduler.Default);
        }

        while (true)
        {
            await SettleAsync(running);
            var waiting = _stops.Where(s => !s.Value.IsEmpty).Select(s => s.Key).Order(StringComparer.Ordinal).ToList();
            if (waiting.Count == 0) break;

            var choice = options.Count < choices.Count ? choices[options.Count] : 0;
            options.Add(waiting.Count);
            var chosen = waiting[choice % waiting.Count];
            _stops[chosen].TryDequeue(out var stop);
            path.Add($"{chosen}:{stop!.Point}");
            stop.Released.SetResult();
        }

        _holding = false;
        await Task.WhenAll(running.Values);
        return new Played(options, path);
    }

    // Everybody stands at a step or has finished.
    private async Task SettleAsync(Dictionary<string, Task> running)
    {
        while (running.Any(r => !r.Value.IsCompleted && !Stands(r.Key)))
        {
            if (await _news.WaitAsync(Patience)) continue;
            var stuck = running.Where(r => !r.Value.IsCompleted && !Stands(r.Key)).Select(r => r.Key);
            throw new TimeoutException($"{string.Join(", ", stuck)} neither reached a step nor finished.");
        }
    }

    private bool Stands(string actor) => _stops.TryGetValue(actor, out var stops) && !stops.IsEmpty;

    /// <summary>
    /// Plays every order, depth first; where there are more than the bound allows, half of the plays are drawn at random from a fixed seed,
    /// so that early decisions vary, too.
    /// </summary>
    /// <param name="prepare">Makes the actors for one play, on a fresh ground.</param>
    /// <param name="check">Looks at what came out; throws when an invariant is broken.</param>
    /// <param name="limit">The most plays.</param>
    /// <returns>How many orders were played.</returns>
    public async Task<int> PlayAllAsync(Func<Task<Dictionary<string, Func<Task>>>> prepare, Func<Task> check, int limit)
    {
        var choices = new List<int>();
        for (var plays = 1; plays <= limit / 2; plays++)
        {
            var played = await PlayAndCheckAsync(prepare, check, choices);
            if (!Advance(choices, played.Options)) return plays;
        }

        for (var seed = 0; seed < limit - (limit / 2); seed++)
        {
            var random = new Random(seed);
            await PlayAndCheckAsync(prepare, check, [.. Enumerable.Range(0, 100).Select(_ => random.Next(int.MaxValue))]);
        }

        return limit;
    }

    private async Task<Played> PlayAndCheckAsync(Func<Task<Dictionary<string, Func<Task>>>> prepare, Func<Task> check, IReadOnlyList<int> choices)
    {
        var played = await PlayAsync(await prepare(), choices);
        try
        {
            await check();
            return played;
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"After the order {string.Join(" → ", played.Path)}: {e.Message}", e);
        }
    }

    // The next list of choices in depth-first order; false when all were played.
    private static bool Advance(List<int> choices, IReadOnlyList<int> options)
    {
        while (choices.Count < options.Count) choices.Add(0);
        while (choices.Count > options.Count) choices.RemoveAt(choices.Count - 1);
        for (var i = choices.Count - 1; i >= 0; i--)
        {
            if (choices[i] + 1 < options[i])
            {
                choices[i]++;
                choices.RemoveRange(i + 1, choices.Count - i - 1);
                return true;
            }
        }

        return false;
    }

    /// <summary>One order that was played.</summary>
    public sealed record Played(IReadOnlyList<int> Options, IReadOnlyList<string> Path);

    private sealed class Stop(string point)
    {
        public string Point { get; } = point;

        public TaskCompletionSource Released { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

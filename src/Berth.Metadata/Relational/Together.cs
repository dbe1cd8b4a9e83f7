using System.Diagnostics;

namespace Berth.Metadata.Relational;

/// <summary>
/// Has changes that come while others are made be made together: a commit costs a database more than what is in it. Where many are on their way it rests for some milliseconds after each, so that more meet; what
/// that costs one is less than what all save. What fails together is made one by one.
/// </summary>
/// <param name="most">The most that are made together.</param>
/// <param name="keyOf">What a change is about: no two of one key are made together.</param>
/// <param name="change">Makes some, all or none.</param>
/// <param name="patience">For how long others wait behind what waits itself, for a lock or for the database.</param>
internal sealed class Together<T, TKey>(int most, Func<T, TKey> keyOf, Func<IReadOnlyList<T>, Task> change, TimeSpan patience)
{
    private static readonly TimeSpan LongestRest = TimeSpan.FromMilliseconds(5);

    // As PostgreSQL's own commit_siblings: with fewer, a rest would only be a wait.
    private const int EnoughOthers = 5;

    private readonly Lock _gate = new();
    private readonly List<Waiting> _waiting = [];
    private bool _isAtWork;
    private int _others;

    /// <summary>Makes the change of one; what went wrong with it alone is thrown.</summary>
    /// <param name="one">The one.</param>
    /// <param name="others">How many others are on their way here.</param>
    public Task MakeAsync(T one, int others)
    {
        Volatile.Write(ref _others, others);
        var waiting = new Waiting(one, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_gate)
        {
            _waiting.Add(waiting);
            if (_isAtWork) return waiting.Done.Task;
            _isAtWork = true;
        }

        // It goes on after this one's request, of whose context nothing is to be seen then.
        using (ExecutionContext.SuppressFlow()) _ = Task.Run(WorkAsync, CancellationToken.None);
        return waiting.Done.Task;
    }

    private async Task WorkAsync()
    {
        for (var taken = Take(); taken.Count > 0; taken = Take())
        {
            var started = Stopwatch.GetTimestamp();
            var work = MakeAllAsync(taken);
            await Task.WhenAny(work, Task.Delay(patience));
            if (taken.Count == most || Volatile.Read(ref _others) < EnoughOthers) continue;
            var rest = 3 * Stopwatch.GetElapsedTime(started);
            await Task.Delay(rest < LongestRest ? rest : LongestRest);
        }
    }

    private List<Waiting> Take()
    {
        var taken = new List<Waiting>();
        var keys = new HashSet<TKey>();
        lock (_gate)
        {
            _waiting.RemoveAll(next =>
            {
                if (taken.Count == most || !keys.Add(keyOf(next.Item))) return false;
                taken.Add(next);
                return true;
            });
            _isAtWork = taken.Count > 0;
        }

        return taken;
    }

    private async Task MakeAllAsync(IReadOnlyList<Waiting> taken)
    {
        try
        {
            await change([.. taken.Select(one => one.Item)]);
            MetadataMetrics.GroupSize.Record(taken.Count);
            foreach (var one in taken) one.Done.TrySetResult();
        }
        catch (Exception error) when (taken.Count == 1)
        {
            taken[0].Done.TrySetException(error);
        }
        catch (Exception)
        {
            // Which of them is in the way, or whether any is, shows where each is alone.
            await Task.WhenAll(taken.Select(one => MakeAllAsync([one])));
        }
    }

    private readonly record struct Waiting(T Item, TaskCompletionSource Done);
}

namespace Berth.Server.Health;

/// <summary>A look that is made once a second at most, one at a time, however many ask: whoever needs no credential to ask makes no more work than that.</summary>
/// <param name="time">The clock, of which only how much passes counts.</param>
internal sealed class SharedLook(TimeProvider time)
{
    /// <summary>For how long what was found is the answer, from when it was looked for.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private Task<string?>? _last;
    private long _begunAt;

    /// <summary>What was found less than a second ago, or is being looked for; else what a new look finds.</summary>
    /// <param name="look">The look, which ends by itself: nobody who asks ends it for the others.</param>
    /// <param name="cancellationToken">Ends the wait of this caller.</param>
    public Task<string?> AskAsync(Func<Task<string?>> look, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_last is null || (_last.IsCompleted && time.GetElapsedTime(_begunAt) >= Kept))
            {
                _begunAt = time.GetTimestamp();

                // On a thread of its own, for a look may begin with work that does not wait.
                _last = Task.Run(look, CancellationToken.None);
            }

            return _last.WaitAsync(cancellationToken);
        }
    }
}

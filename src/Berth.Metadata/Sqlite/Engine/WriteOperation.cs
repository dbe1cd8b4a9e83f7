using System.Diagnostics;
using Berth.Metadata.Relational;

namespace Berth.Metadata.Sqlite.Engine;

/// <summary>One operation that waits for the writer. Its body may run more than once, each time in a transaction that the one before did not survive.</summary>
internal abstract class WriteOperation
{
    private readonly long _queuedAt = Stopwatch.GetTimestamp();
    private int _state;

    /// <summary>About how many bytes it adds to its transaction.</summary>
    public required long Weight { get; init; }

    /// <summary>Its span; null where nobody listens.</summary>
    public Activity? Span { get; init; }

    /// <summary>Takes the operation for running; false when it was cancelled while it waited.</summary>
    public bool TryStart()
    {
        if (Interlocked.CompareExchange(ref _state, 1, 0) != 0) return false;
        Span?.SetTag("berth.metadata.queue_time", Stopwatch.GetElapsedTime(_queuedAt).TotalSeconds);
        return true;
    }

    /// <summary>Says in its span how long the commit took and how many shared it.</summary>
    public void Describe(TimeSpan commit, int members) =>
        Span?.SetTag("berth.metadata.commit_time", commit.TotalSeconds).SetTag("berth.metadata.group_size", members);

    /// <summary>Gives up waiting; false when it runs already: then its outcome is what counts.</summary>
    public bool TryCancel() => Interlocked.CompareExchange(ref _state, 2, 0) == 0;

    public abstract void Run(WriteScope scope);

    /// <summary>Says that what ran last is durable.</summary>
    public abstract void Succeed();

    public abstract void Fail(Exception error);
}

/// <inheritdoc/>
internal sealed class WriteOperation<T>(Func<WriteScope, T> body) : WriteOperation
{
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public Task<T> Task => _completion.Task;

    public override void Run(WriteScope scope) => _result = body(scope);

    public override void Succeed() => _completion.TrySetResult(_result!);

    public override void Fail(Exception error) => _completion.TrySetException(error);

    public void Cancel(CancellationToken cancellationToken)
    {
        if (TryCancel()) _completion.TrySetCanceled(cancellationToken);
    }
}

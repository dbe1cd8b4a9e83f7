using System.Data;
using System.Diagnostics;

namespace Berth.Metadata.Relational;

/// <summary>One operation that waits for a connection. Its body may run more than once, each time in a transaction that the one before did not survive.</summary>
/// <typeparam name="TSession">What it runs on.</typeparam>
internal abstract class Operation<TSession>
{
    private readonly long _queuedAt = Stopwatch.GetTimestamp();
    private int _state;

    /// <summary>The transaction that it runs in, where each has one of its own; null for a read, whose statements stand for themselves.</summary>
    public IsolationLevel? Isolation { get; init; }

    /// <summary>Whether it is a change of one statement, which needs no transaction around it.</summary>
    public bool IsOneStatement { get; init; }

    /// <summary>Whether it changes anything.</summary>
    public bool IsChange => Isolation is not null || IsOneStatement;

    /// <summary>Whether it reads whole tables and takes as long as it takes.</summary>
    public bool IsLong { get; init; }

    /// <summary>About how many bytes it adds to its transaction, where several share one.</summary>
    public long Weight { get; init; }

    /// <summary>Its span; null where nobody listens.</summary>
    public Activity? Span { get; init; }

    /// <summary>The one statement that it is, where that is known before it runs: it can be sent together with others. Null for everything else.</summary>
    public Sql? Text { get; init; }

    /// <summary>Binds the parameters of <see cref="Text"/>.</summary>
    public Action<Statement>? Bind { get; init; }

    /// <summary>Takes the operation for running; false when it was cancelled while it waited.</summary>
    public bool TryStart()
    {
        if (Interlocked.CompareExchange(ref _state, 1, 0) != 0) return false;
        Span?.SetTag("berth.metadata.queue_time", Stopwatch.GetElapsedTime(_queuedAt).TotalSeconds);
        return true;
    }

    /// <summary>Gives up waiting; false when it runs already: then its outcome is what counts.</summary>
    public bool TryCancel() => Interlocked.CompareExchange(ref _state, 2, 0) == 0;

    public abstract void Run(TSession session);

    /// <summary>Takes the rows of <see cref="Text"/>, in place of being run.</summary>
    public abstract void Answer(TSession session, Statement rows);

    /// <summary>Says that what ran last stands.</summary>
    public abstract void Succeed();

    public abstract void Fail(Exception error);
}

/// <inheritdoc/>
internal sealed class Operation<TSession, T>(Func<TSession, T> body) : Operation<TSession>
{
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    /// <summary>Makes the result of the rows of <see cref="Operation{TSession}.Text"/>.</summary>
    public Func<TSession, Statement, T>? Read { get; init; }

    public override void Run(TSession session) => _result = body(session);

    public override void Answer(TSession session, Statement rows) => _result = Read!(session, rows);

    public override void Succeed() => _completion.TrySetResult(_result!);

    public override void Fail(Exception error) => _completion.TrySetException(error);

    /// <summary>Completes with its outcome, or when it was cancelled while it waited for its turn.</summary>
    public Task<T> WaitAsync(CancellationToken cancellationToken) => cancellationToken.CanBeCanceled ? WaitForTurnAsync(cancellationToken) : _completion.Task;

    private async Task<T> WaitForTurnAsync(CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.UnsafeRegister(static (state, token) => ((Operation<TSession, T>)state!).Cancel(token), this);
        return await _completion.Task;
    }

    private void Cancel(CancellationToken cancellationToken)
    {
        if (TryCancel()) _completion.TrySetCanceled(cancellationToken);
    }
}

using System.Data;
using Berth.Metadata.Relational;

namespace Berth.Metadata.Postgres.Engine;

/// <summary>One operation that waits for a connection. Its body may run more than once.</summary>
internal abstract class Operation
{
    private int _state;

    /// <summary>The transaction that it runs in; null for a read, whose statements stand for themselves.</summary>
    public IsolationLevel? Isolation { get; init; }

    /// <summary>Whether it reads whole tables and takes as long as it takes.</summary>
    public bool IsLong { get; init; }

    /// <summary>The one statement that it is, where that is known before it runs: it can be sent together with others. Null for everything else.</summary>
    public Sql? Text { get; init; }

    /// <summary>Binds the parameters of <see cref="Text"/>.</summary>
    public Action<Statement>? Bind { get; init; }

    /// <summary>Takes the operation for running; false when it was cancelled while it waited.</summary>
    public bool TryStart() => Interlocked.CompareExchange(ref _state, 1, 0) == 0;

    /// <summary>Gives up waiting; false when it runs already: then its outcome is what counts.</summary>
    public bool TryCancel() => Interlocked.CompareExchange(ref _state, 2, 0) == 0;

    public abstract void Run(PostgresSession session);

    /// <summary>Takes the rows of <see cref="Text"/>, in place of being run.</summary>
    public abstract void Answer(PostgresSession session, Statement rows);

    /// <summary>Says that what ran last stands.</summary>
    public abstract void Succeed();

    public abstract void Fail(Exception error);
}

/// <inheritdoc/>
internal sealed class Operation<T>(Func<PostgresSession, T> body) : Operation
{
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public Task<T> Task => _completion.Task;

    /// <summary>Makes the result of the rows of <see cref="Operation.Text"/>.</summary>
    public Func<Session, Statement, T>? Read { get; init; }

    public override void Run(PostgresSession session) => _result = body(session);

    public override void Answer(PostgresSession session, Statement rows) => _result = Read!(session, rows);

    public override void Succeed() => _completion.TrySetResult(_result!);

    public override void Fail(Exception error) => _completion.TrySetException(error);

    public void Cancel(CancellationToken cancellationToken)
    {
        if (TryCancel()) _completion.TrySetCanceled(cancellationToken);
    }
}

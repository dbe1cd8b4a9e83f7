using Berth.Metadata.Relational;
using Microsoft.Extensions.Logging;

namespace Berth.Metadata.Sqlite.Engine;

/// <summary>
/// The one writer: a thread with its own connection that takes what waits, runs each operation inside a savepoint of one transaction,
/// commits, and only then answers. A single operation commits at once; while a commit runs, the next group gathers.
/// </summary>
internal sealed partial class GroupWriter : IAsyncDisposable
{
    private readonly object _gate = new();
    private readonly Queue<Operation<WriteScope>> _queue = new();
    private readonly List<Operation<WriteScope>> _members = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Exception> _fault = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SqliteOptions _options;
    private readonly SqliteSession _session;
    private readonly WriteScope _scope;
    private readonly Checkpointer _checkpointer;
    private readonly ILogger _logger;
    private long _queuedBytes;
    private bool _stopping;
    private volatile Exception? _faulted;

    public GroupWriter(SqliteOptions options, SqliteSession session, WriteScope scope, Checkpointer checkpointer, ILogger logger)
    {
        _options = options;
        _session = session;
        _scope = scope;
        _checkpointer = checkpointer;
        _logger = logger;
        new Thread(Run) { IsBackground = true, Name = "berth-metadata-writer" }.Start();
    }

    /// <summary>Completes, with the reason, when the database can no longer be trusted; nothing is written after that.</summary>
    public Task<Exception> Faulted => _fault.Task;

    public bool IsHealthy => _faulted is null && !_ended.Task.IsCompleted;

    /// <summary>Waits its turn and runs; completes when it is durable.</summary>
    /// <exception cref="MetadataUnavailableException">Too much waits already, or the database does not answer.</exception>
    /// <exception cref="MetadataFullException">The volume is full.</exception>
    public Task<T> RunAsync<T>(Func<WriteScope, T> body, Urgency urgency, long weight, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return Task.FromCanceled<T>(cancellationToken);

        var operation = new Operation<WriteScope, T>(body) { Weight = weight, Span = MetadataTracing.Current };
        if (Refusal(urgency, weight, operation) is { } refusal) return Task.FromException<T>(refusal);

        return operation.WaitAsync(cancellationToken);
    }

    /// <summary>Marks the store as no longer to be trusted.</summary>
    public void Fault(Exception error)
    {
        if (Interlocked.CompareExchange(ref _faulted, error, null) is not null) return;
        LogFaulted(error);
        _fault.TrySetResult(error);
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.Pulse(_gate);
        }

        await _ended.Task;
    }

    private Exception? Refusal(Urgency urgency, long weight, Operation<WriteScope> operation)
    {
        if (_faulted is { } fault) return Unavailable(fault);
        if (urgency == Urgency.Push && _checkpointer.WalBytes > _options.WalLimitBytes)
        {
            return new MetadataUnavailableException("The metadata's write-ahead log waits for its checkpoint; try again in a moment.");
        }

        lock (_gate)
        {
            if (_stopping) return new ObjectDisposedException(nameof(RelationalMetadataStore));
            if (_queue.Count >= _options.QueuedOperations || _queuedBytes + weight > _options.QueuedBytes)
            {
                return new MetadataUnavailableException("Too many changes wait for the metadata database; try again in a moment.");
            }

            _queue.Enqueue(operation);
            _queuedBytes += weight;
            if (_queue.Count == 1) Monitor.Pulse(_gate);
        }

        MetadataMetrics.QueueLength.Add(1);
        return null;
    }

    private static MetadataUnavailableException Unavailable(Exception fault) =>
        new("The metadata database failed and takes no more changes; the server must be restarted.", fault);

    private Operation<WriteScope>? Dequeue()
    {
        while (true)
        {
            Operation<WriteScope>? operation;
            lock (_gate)
            {
                if (!_queue.TryDequeue(out operation)) return null;
                _queuedBytes -= operation.Weight;
            }

            MetadataMetrics.QueueLength.Add(-1);
            if (operation.TryStart()) return operation;
        }
    }
}

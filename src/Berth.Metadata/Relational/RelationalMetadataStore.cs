using System.Diagnostics;
using System.Runtime.CompilerServices;
using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>The metadata in one relational database: what the rows mean, whichever database holds them.</summary>
public sealed partial class RelationalMetadataStore : IMetadataStore
{
    /// <summary>The writers of a node that others have not heard of yet count as alive until their lease ends, and go by this name.</summary>
    private const string AnyNode = "any";

    private readonly IDatabase _database;
    private readonly RetentionOptions _retention;
    private readonly TimeProvider _time;
    private readonly ISteps _steps;

    private readonly QuarantinedRegistries _quarantined = new();

    // Who holds the lease of a job.
    private readonly string _node = Guid.CreateVersion7().ToString("N");

    // Alone on its database, a process knows that the writer of a session belongs to it, or is gone with an earlier one. Null where others share the database.
    private readonly string? _onlyWriterNode;

    // Where the database is shared, what the node said of itself: from then on the others see when it is gone.
    private volatile string _writerNode;

    internal RelationalMetadataStore(IDatabase database, RetentionOptions retention, TimeProvider time, ISteps steps)
    {
        _database = database;
        _retention = retention;
        _time = time;
        _steps = steps;
        _onlyWriterNode = database.IsShared ? null : _node;
        _writerNode = _onlyWriterNode ?? AnyNode;
        _wholes = database.IsShared
            ? new Together<WholePush, Digest>(MostTogether, static push => push.Upload.Digest, pushes => CompleteWholesAsync(pushes, CancellationToken.None), TimeSpan.FromMilliseconds(25))
            : null;
        _recentlyPushed = new RecentlyPushed(retention);
    }

    /// <summary>Completes, with the reason, when the database can no longer be trusted (a failed sync, damage): the process must stop.</summary>
    public Task<Exception> Faulted => _database.Faulted;

    /// <summary>The database; tests look into it.</summary>
    internal IDatabase Database => _database;

    /// <inheritdoc/>
    public ValueTask<bool> IsHealthyAsync(CancellationToken cancellationToken) => _database.IsHealthyAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _database.DisposeAsync();

    /// <summary>Runs a read of a request or a page.</summary>
    /// <exception cref="MetadataUnavailableException">It took longer than it may, or the database does not answer.</exception>
    private ValueTask<T> ReadAsync<TState, T>(
        TState state, Func<Session, TState, T> body, CancellationToken cancellationToken, [CallerMemberName] string caller = "") =>
        MetadataTracing.Start(_database.SystemName, caller) is { } span
            ? TraceAsync(span, _database.ReadAsync(state, body, isLong: false, caller, cancellationToken))
            : _database.ReadAsync(state, body, isLong: false, caller, cancellationToken);

    /// <summary>Runs a read of one statement.</summary>
    /// <exception cref="MetadataUnavailableException">It took longer than it may, or the database does not answer.</exception>
    private ValueTask<T> LookUpAsync<TState, T>(LookUp<TState, T> lookUp, TState state, CancellationToken cancellationToken, [CallerMemberName] string caller = "") =>
        MetadataTracing.Start(_database.SystemName, caller) is { } span
            ? TraceAsync(span, _database.LookUpAsync(lookUp, state, caller, cancellationToken))
            : _database.LookUpAsync(lookUp, state, caller, cancellationToken);

    private static async ValueTask<T> TraceAsync<T>(Activity span, ValueTask<T> work)
    {
        using (span)
        {
            try
            {
                return await work;
            }
            catch (Exception error) when (MetadataTracing.Failed(span, error))
            {
                throw;
            }
        }
    }

    /// <summary>Waits for a part in work that others share, which has no span of its own.</summary>
    private async Task TracedAsync(Task work, [CallerMemberName] string caller = "")
    {
        using var span = MetadataTracing.Start(_database.SystemName, caller);
        try
        {
            await work;
        }
        catch (Exception error) when (MetadataTracing.Failed(span, error))
        {
            throw;
        }
    }

    /// <summary>As <see cref="ReadAsync"/>, for as long as it takes: for work on an installation that is not being served.</summary>
    /// <exception cref="MetadataUnavailableException">The database does not answer.</exception>
    private ValueTask<T> ReadAtLengthAsync<TState, T>(
        TState state, Func<Session, TState, T> body, CancellationToken cancellationToken, [CallerMemberName] string caller = "") =>
        _database.ReadAsync(state, body, isLong: true, caller, cancellationToken);

    /// <summary>Runs a change; it is durable when the task completes, unless its body lets it be so a moment later (<see cref="Session.CommitSoon"/>).</summary>
    private async Task<T> WriteAsync<T>(
        Func<WriteScope, T> body, Urgency urgency, long weight, CancellationToken cancellationToken, [CallerMemberName] string caller = "", Extent extent = Extent.Rows)
    {
        using var span = MetadataTracing.Start(_database.SystemName, caller);
        try
        {
            await _steps.ReachAsync("metadata.before-commit");
            var result = LeaseFence.Current is { } lease
                ? await _database.WriteAsync(Under(lease, body), urgency, weight, extent == Extent.OneStatement ? Extent.Rows : extent, cancellationToken)
                : await _database.WriteAsync(body, urgency, weight, extent, cancellationToken);
            await _steps.ReachAsync("metadata.after-commit");
            return result;
        }
        catch (Exception error) when (MetadataTracing.Failed(span, error))
        {
            throw;
        }
    }

    private Task<T> PushAsync<T>(Func<WriteScope, T> body, CancellationToken cancellationToken, [CallerMemberName] string caller = "") =>
        WriteAsync(body, Urgency.Push, weight: 1024, cancellationToken, caller);

    /// <summary>
    /// A push that is one statement: it decides by one row, with an UPDATE that names what it must be. What else it reads, it sees as of one moment, and need not be so any more when it commits.
    /// </summary>
    private Task<T> ChangeRowAsync<T>(Func<WriteScope, T> body, CancellationToken cancellationToken, [CallerMemberName] string caller = "") =>
        WriteAsync(body, Urgency.Push, weight: 1024, cancellationToken, caller, Extent.OneStatement);

    private Task<T> RelieveAsync<T>(Func<WriteScope, T> body, CancellationToken cancellationToken, [CallerMemberName] string caller = "") =>
        WriteAsync(body, Urgency.Relief, weight: 1024, cancellationToken, caller);

    /// <summary>As <see cref="RelieveAsync"/>, of whole tables and for as long as it takes: for work on an installation that is not being served.</summary>
    private Task<T> RelieveAtLengthAsync<T>(Func<WriteScope, T> body, CancellationToken cancellationToken, [CallerMemberName] string caller = "") =>
        WriteAsync(body, Urgency.Relief, weight: 1024, cancellationToken, caller, Extent.WholeTables);
}

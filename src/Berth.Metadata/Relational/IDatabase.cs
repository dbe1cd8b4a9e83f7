namespace Berth.Metadata.Relational;

/// <summary>A database as the store uses it: it decides where an operation's body runs, when, and how often. Bodies are synchronous.</summary>
internal interface IDatabase : IAsyncDisposable
{
    /// <summary>Completes, with the reason, when the database can no longer be trusted: the process must stop.</summary>
    Task<Exception> Faulted { get; }

    /// <summary>What it is, in the words of OpenTelemetry's conventions: <c>sqlite</c> or <c>postgresql</c>.</summary>
    string SystemName { get; }

    /// <summary>Whether other processes serve the same rows at the same time.</summary>
    bool IsShared { get; }

    /// <summary>Whether the store's time follows this database's clock, which a statement may look at itself then: a node's own idea of it stands still while the node does.</summary>
    bool KeepsTime { get; }

    /// <summary>Runs a read; each statement sees what is committed, and one snapshot where it asks for it.</summary>
    /// <param name="state">What the body is given, so that it captures nothing.</param>
    /// <param name="body">May run more than once.</param>
    /// <param name="isLong">Whether it may take as long as it takes: for work on an installation that is not being served.</param>
    /// <param name="caller">The operation's name.</param>
    /// <param name="cancellationToken">Ends the wait for a turn.</param>
    /// <exception cref="MetadataUnavailableException">It took longer than it may, or the database does not answer.</exception>
    ValueTask<T> ReadAsync<TState, T>(TState state, Func<Session, TState, T> body, bool isLong, string caller, CancellationToken cancellationToken);

    /// <summary>Runs a read of one statement, where that helps together with others that wait.</summary>
    /// <exception cref="MetadataUnavailableException">It took longer than it may, or the database does not answer.</exception>
    ValueTask<T> LookUpAsync<TState, T>(LookUp<TState, T> lookUp, TState state, string caller, CancellationToken cancellationToken);

    /// <summary>Runs a change as one transaction that is equal to some serial order of all; it is durable when the task completes, or soon after where its body says so.</summary>
    /// <param name="body">May run more than once, each time in a transaction that the one before did not survive.</param>
    /// <param name="urgency">What becomes of it when the database is short of room.</param>
    /// <param name="weight">About how many bytes it adds.</param>
    /// <param name="extent">How much it looks at.</param>
    /// <param name="cancellationToken">Ends the wait for a turn; once it runs, its outcome is what counts.</param>
    /// <exception cref="MetadataUnavailableException">Too much waits already, or the database does not answer.</exception>
    /// <exception cref="MetadataFullException">The volume is full.</exception>
    Task<T> WriteAsync<T>(Func<WriteScope, T> body, Urgency urgency, long weight, Extent extent, CancellationToken cancellationToken);

    /// <summary>Gives their numbers to the ledger's records that were committed before this call.</summary>
    ValueTask NumberLedgerAsync(CancellationToken cancellationToken);

    /// <summary>The database's own look at its files; sentences about what is damaged.</summary>
    IReadOnlyList<string> CheckFiles(Session session, int most);

    /// <summary>Whether it answers.</summary>
    ValueTask<bool> IsHealthyAsync(CancellationToken cancellationToken);
}

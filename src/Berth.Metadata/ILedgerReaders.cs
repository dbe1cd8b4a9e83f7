namespace Berth.Metadata;

/// <summary>Who reads the ledger, and how far: records past their retention stay until the slowest reader has passed them, within the limit that it declared.</summary>
public interface ILedgerReaders
{
    /// <summary>
    /// Where a reader goes on; one that there was not begins at the ledger's end. One whose cursor is of an older epoch (the installation was restored since) goes on at
    /// the same number, because the cursor came back with the records.
    /// </summary>
    /// <param name="name">The reader's name.</param>
    /// <param name="keepFor">For how long records that it has not read wait for it past the retention.</param>
    /// <param name="keepRecords">How many of them do.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<LedgerCursor> OpenLedgerReaderAsync(string name, TimeSpan keepFor, long keepRecords, CancellationToken cancellationToken);

    /// <summary>Moves a reader on; never back.</summary>
    Task MoveLedgerReaderAsync(string name, long number, CancellationToken cancellationToken);

    /// <summary>Forgets a reader; false when there is none. Nothing waits for it any more.</summary>
    Task<bool> ForgetLedgerReaderAsync(string name, CancellationToken cancellationToken);

    /// <summary>All readers, by name.</summary>
    ValueTask<IReadOnlyList<LedgerReader>> ListLedgerReadersAsync(CancellationToken cancellationToken);
}

/// <summary>Where a reader goes on.</summary>
/// <param name="Epoch">The ledger's epoch.</param>
/// <param name="Number">The last record that it has read.</param>
/// <param name="LeftBehind">Whether records that it had not read are gone, because it was away for longer than its limit.</param>
public readonly record struct LedgerCursor(long Epoch, long Number, bool LeftBehind);

/// <summary>A reader of the ledger.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Number">The last record that it has read.</param>
/// <param name="Behind">How many records it has yet to read, at most.</param>
public sealed record LedgerReader(string Name, long Number, long Behind);

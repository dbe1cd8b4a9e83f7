namespace Berth.Metadata;

/// <summary>The ledger: one record for each mutation, written in the mutation's own transaction.</summary>
public interface ILedger
{
    /// <summary>Committed records after a number, in order.</summary>
    ValueTask<IReadOnlyList<LedgerRecord>> ReadLedgerAsync(long after, int limit, CancellationToken cancellationToken);

    /// <summary>Committed records before a number, the latest first.</summary>
    ValueTask<IReadOnlyList<LedgerRecord>> ReadLedgerBackwardsAsync(long before, int limit, CancellationToken cancellationToken);
}

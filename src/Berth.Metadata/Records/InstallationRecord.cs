namespace Berth.Metadata;

/// <summary>The one row that says which installation this metadata belongs to.</summary>
/// <param name="StoreId">The id that the blob store must carry, too; it ties rows and bytes together.</param>
/// <param name="TenantId">The directory tenant's GUID.</param>
/// <param name="SubscriptionId">The default subscription's GUID.</param>
/// <param name="Region">The region's name; ties in hybrid time go to it.</param>
/// <param name="LedgerEpoch">Grows with each restore or migration; readers with an older one must re-seed.</param>
public sealed record InstallationRecord(string StoreId, string TenantId, string SubscriptionId, string Region, long LedgerEpoch);

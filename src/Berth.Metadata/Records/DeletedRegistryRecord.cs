namespace Berth.Metadata;

/// <summary>A deleted registry that can be recovered.</summary>
/// <param name="Id">Its row.</param>
/// <param name="Key">What it is known by: the name that it had, a tilde and its row.</param>
/// <param name="SubscriptionId">The subscription that it was in.</param>
/// <param name="ResourceGroup">The resource group that it was in.</param>
/// <param name="Location">The resource's location.</param>
/// <param name="Sku">The service tier's name.</param>
/// <param name="DeletedAt">When it was deleted.</param>
/// <param name="PurgeAfter">When what it holds begins to be deleted for good.</param>
public sealed record DeletedRegistryRecord(
    long Id, string Key, string SubscriptionId, string ResourceGroup, string Location, string Sku, DateTimeOffset DeletedAt, DateTimeOffset PurgeAfter)
{
    /// <summary>The name that it had.</summary>
    public string Name => Key[..Key.LastIndexOf('~')];
}

namespace Berth.Metadata;

/// <summary>Tags of the resources that have them: resource groups, registries and managed identities.</summary>
public interface IResourceTags
{
    /// <summary>The most tags of a resource, as in Azure.</summary>
    const int MostTags = 50;

    /// <summary>A resource's tags, a JSON object; null when there is no such resource, or it has none by its kind.</summary>
    ValueTask<string?> FindResourceTagsAsync(ResourceScope scope, CancellationToken cancellationToken);

    /// <summary>
    /// Changes tags and gives them as they are then, a JSON object. What the change begins from is read in its own transaction, so that two at the same time both count.
    /// <see cref="CreateOutcome.Unknown"/> when there is no such resource, or it has none by its kind; <see cref="CreateOutcome.TooMany"/> when it would have more than
    /// <see cref="MostTags"/>.
    /// </summary>
    Task<CreateResult<string>> ChangeResourceTagsAsync(ResourceScope scope, ResourceTagChange change, Caller caller, CancellationToken cancellationToken);
}

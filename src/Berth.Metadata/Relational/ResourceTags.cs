namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    /// <inheritdoc/>
    public ValueTask<string?> FindResourceTagsAsync(ResourceScope scope, CancellationToken cancellationToken) => ReadAsync(
        scope,
        static (reader, resource) =>
            ReadRegistry(reader, FindRegistryByScope, resource.Value)?.Tags ?? ReadIdentity(reader, resource)?.Tags ?? ReadResourceGroup(reader, resource)?.Tags,
        cancellationToken);

    /// <inheritdoc/>
    public Task<CreateResult<string>> ChangeResourceTagsAsync(ResourceScope scope, ResourceTagChange change, Caller caller, CancellationToken cancellationToken)
    {
        var resource = scope;
        return PushAsync(
            scope =>
            {
                if (ReadRegistry(scope.Session, FindRegistryByScope, resource.Value) is { } registry)
                    return Change(registry.Tags, tags => ChangeRegistry(scope, registry, new RegistryChanges(Tags: tags), caller));
                if (ReadIdentity(scope.Session, resource) is { } identity)
                    return Change(identity.Tags, tags => ChangeIdentity(scope, identity, tags, caller));
                if (ReadResourceGroup(scope.Session, resource) is { } group)
                    return Change(group.Tags, tags => WriteResourceGroup(scope, group, group with { Tags = tags }, caller));
                return new CreateResult<string>(CreateOutcome.Unknown, null);
            },
            cancellationToken);

        CreateResult<string> Change(string standing, Action<string> write)
        {
            var tags = change.ApplyTo(standing);
            if (tags.Count > IResourceTags.MostTags) return new CreateResult<string>(CreateOutcome.TooMany, null);

            var text = JsonText.Facts([.. tags.Select(tag => (tag.Key, (string?)tag.Value))]);
            write(text);
            return new CreateResult<string>(CreateOutcome.Updated, text);
        }
    }
}

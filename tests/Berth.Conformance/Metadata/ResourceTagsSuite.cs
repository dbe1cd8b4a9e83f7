using Berth.Metadata;

namespace Berth.Conformance.Metadata;

/// <summary>Tags of resources.</summary>
public abstract class ResourceTagsSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private static readonly ResourceScope Local = ResourceScope.OfRegistry("subscription", "default", "local");

    [Fact]
    public async Task A_change_begins_from_what_stands_and_leaves_one_record()
    {
        Assert.Equal("{}", await Store.FindResourceTagsAsync(Local, Token));
        Assert.Equal("""{"a":"1","b":"2"}""", await ChangeAsync(ResourceTagOperation.Replace, """{"a":"1","b":"2"}"""));
        Assert.Equal("""{"a":"3","b":"2","c":"4"}""", await ChangeAsync(ResourceTagOperation.Merge, """{"A":"3","c":"4"}"""));
        Assert.Equal("""{"a":"3","c":"4"}""", await ChangeAsync(ResourceTagOperation.Delete, """{"B":"whatever","absent":""}"""));
        Assert.Equal("""{"a":"3","c":"4"}""", await Store.FindResourceTagsAsync(Local, Token));
        Assert.Equal("""{"a":"3","c":"4"}""", (await Store.FindRegistryByIdAsync(Registry, Token))!.Tags);

        var before = await LastNumberAsync();
        await ChangeAsync(ResourceTagOperation.Merge, """{"d":"5"}""");
        await ChangeAsync(ResourceTagOperation.Merge, """{"d":"5"}""");
        Assert.Equal([LedgerKinds.RegistryChanged], await KindsAfterAsync(before));
    }

    [Fact]
    public async Task Too_many_change_nothing_and_what_has_none_is_unknown()
    {
        var many = $"{{{string.Join(',', Enumerable.Range(0, IResourceTags.MostTags).Select(i => $"\"t{i}\":\"\""))}}}";
        await ChangeAsync(ResourceTagOperation.Replace, many);

        Assert.Equal(CreateOutcome.TooMany, (await Store.ChangeResourceTagsAsync(Local, new ResourceTagChange(ResourceTagOperation.Merge, """{"more":""}"""), Alice, Token)).Outcome);
        Assert.Equal(many, await Store.FindResourceTagsAsync(Local, Token));
        ResourceScope[] without =
        [
            ResourceScope.OfSubscription("subscription"), ResourceScope.OfResourceGroup("subscription", "absent"), ResourceScope.OfResourceGroup("other", "default"),
            ResourceScope.OfRegistry("subscription", "other", "local"), ResourceScope.OfIdentity("subscription", "default", "absent"),
        ];
        foreach (var scope in without)
        {
            Assert.Null(await Store.FindResourceTagsAsync(scope, Token));
            Assert.Equal(CreateOutcome.Unknown, (await Store.ChangeResourceTagsAsync(scope, new ResourceTagChange(ResourceTagOperation.Replace, "{}"), Alice, Token)).Outcome);
        }
    }

    private async Task<string?> ChangeAsync(ResourceTagOperation operation, string named)
    {
        var (outcome, tags) = await Store.ChangeResourceTagsAsync(Local, new ResourceTagChange(operation, named), Alice, Token);
        Assert.Equal(CreateOutcome.Updated, outcome);
        return tags;
    }
}

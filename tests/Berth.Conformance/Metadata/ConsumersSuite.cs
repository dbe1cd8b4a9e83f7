using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>Who pulls what.</summary>
public abstract class ConsumersSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    [Fact]
    public async Task Pulls_that_look_alike_add_up()
    {
        var image = await PushImageAsync(App, "image", "v1");
        var pull = Pull(image.Digest, "alice");

        await Store.AddConsumersAsync([pull, pull with { Count = 2, FirstAt = Now.AddHours(-2), LastAt = Now.AddHours(-1) }], Token);
        await Store.AddConsumersAsync([pull with { Count = 3, FirstAt = Now.AddHours(1), LastAt = Now.AddHours(2) }, pull with { Repository = Other }], Token);

        var listed = (await Store.ListConsumersAsync(Registry, App, image.Digest, null, 10, Token)).Items;
        Assert.Equal([pull with { Count = 6, FirstAt = Now.AddHours(-2), LastAt = Now.AddHours(2) }], listed);
        Assert.Empty((await Store.ListConsumersAsync(Registry, Other, default, null, 10, Token)).Items);
    }

    [Fact]
    public async Task A_long_user_agent_is_shortened()
    {
        var image = await PushImageAsync(App, "image", "v1");

        await Store.AddConsumersAsync([Pull(image.Digest, "alice") with { UserAgent = new string('x', 5000) }], Token);

        Assert.Equal(new string('x', 200), Assert.Single((await Store.ListConsumersAsync(Registry, App, default, null, 10, Token)).Items).UserAgent);
    }

    [Fact]
    public async Task Consumers_are_walked_per_repository_and_per_digest()
    {
        var one = (await PushImageAsync(App, "one", "v1")).Digest;
        var two = (await PushImageAsync(App, "two", "v2")).Digest;
        if (string.CompareOrdinal(one.ToString(), two.ToString()) > 0) (one, two) = (two, one);
        ConsumerRecord[] pulls =
        [
            Pull(one, ""), Pull(one, "alice"), Pull(one, "alice") with { Address = "192.0.2.8" }, Pull(one, "alice") with { Address = "192.0.2.8", UserAgent = "z\n\"" },
            Pull(two, "alice"), Pull(two, "bob"),
        ];
        await Store.AddConsumersAsync([.. pulls.Reverse()], Token);

        Assert.Equal(pulls, await WalkAsync(after => Store.ListConsumersAsync(Registry, App, default, after, 1, Token), pull => pull));
        Assert.Equal(pulls[..4], await WalkAsync(after => Store.ListConsumersAsync(Registry, App, one, after, 1, Token), pull => pull));
        Assert.Equal(pulls[4..], await WalkAsync(after => Store.ListConsumersAsync(Registry, App, two, after, 3, Token), pull => pull));
        await Assert.ThrowsAsync<FormatException>(async () => await Store.ListConsumersAsync(Registry, App, one, """["x","","",""]""", 1, Token));
    }

    [Fact]
    public async Task Consumers_are_forgotten_after_their_last_pull_is_older_than_the_retention()
    {
        var image = await PushImageAsync(App, "image", "v1");
        await Store.AddConsumersAsync([Pull(image.Digest, "old"), Pull(image.Digest, "new") with { LastAt = Now.AddDays(2) }], Token);
        Time.Advance(TimeSpan.FromDays(91));

        await Store.TidyAsync(TimeSpan.FromDays(90), 100, Token);

        Assert.Equal(["new"], (await Store.ListConsumersAsync(Registry, App, default, null, 10, Token)).Items.Select(pull => pull.Principal));
    }

    private ConsumerRecord Pull(Digest digest, string principal) =>
        new(Registry, App, digest, principal, "192.0.2.1", "docker/29", 1, Now, Now);
}

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

        var listed = (await Store.ListConsumersAsync(new ConsumerQuery(Registry, App, image.Digest), null, 10, Token)).Items;
        Assert.Equal([pull with { Count = 6, FirstAt = Now.AddHours(-2), LastAt = Now.AddHours(2) }], listed);
        Assert.Empty((await Store.ListConsumersAsync(new ConsumerQuery(Registry, Other), null, 10, Token)).Items);
    }

    [Fact]
    public async Task A_long_user_agent_is_shortened()
    {
        var image = await PushImageAsync(App, "image", "v1");

        await Store.AddConsumersAsync([Pull(image.Digest, "alice") with { UserAgent = new string('x', 5000) }], Token);

        Assert.Equal(new string('x', 200), Assert.Single((await Store.ListConsumersAsync(new ConsumerQuery(Registry, App), null, 10, Token)).Items).UserAgent);
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

        Assert.Equal(pulls, await WalkAsync(after => Store.ListConsumersAsync(new ConsumerQuery(Registry, App), after, 1, Token), pull => pull));
        Assert.Equal(pulls[..4], await WalkAsync(after => Store.ListConsumersAsync(new ConsumerQuery(Registry, App, one), after, 1, Token), pull => pull));
        Assert.Equal(pulls[4..], await WalkAsync(after => Store.ListConsumersAsync(new ConsumerQuery(Registry, App, two), after, 3, Token), pull => pull));
        await Assert.ThrowsAsync<FormatException>(async () => await Store.ListConsumersAsync(new ConsumerQuery(Registry, App, one), """["1","x","","",""]""", 1, Token));
    }

    [Fact]
    public async Task Consumers_are_forgotten_after_their_last_pull_is_older_than_the_retention()
    {
        var image = await PushImageAsync(App, "image", "v1");
        await Store.AddConsumersAsync([Pull(image.Digest, "old"), Pull(image.Digest, "new") with { LastAt = Now.AddDays(2) }], Token);
        Time.Advance(TimeSpan.FromDays(91));

        await Store.TidyAsync(TimeSpan.FromDays(90), 100, Token);

        Assert.Equal(["new"], (await Store.ListConsumersAsync(new ConsumerQuery(Registry, App), null, 10, Token)).Items.Select(pull => pull.Principal));
    }

    [Fact]
    public async Task A_registrys_consumers_are_walked_across_its_repositories_by_principal_and_by_time()
    {
        var image = (await PushImageAsync(App, "image", "v1")).Digest;
        await PushImageAsync(Other, "image", "v1");
        ConsumerRecord[] pulls =
        [
            Pull(image, "alice"), Pull(image, "bob"), Pull(image, "alice") with { Repository = Other, LastAt = Now.AddHours(3) }, Pull(image, "bob") with { Repository = Other },
        ];
        await Store.AddConsumersAsync(pulls, Token);

        Assert.Equal(pulls, await WalkAsync(after => Store.ListConsumersAsync(new ConsumerQuery(Registry), after, 1, Token), pull => pull));
        Assert.Equal(
            [pulls[0], pulls[2]], await WalkAsync(after => Store.ListConsumersAsync(new ConsumerQuery(Registry, Principal: "alice"), after, 1, Token), pull => pull));
        Assert.Equal(
            [pulls[3]], await WalkAsync(after => Store.ListConsumersAsync(new ConsumerQuery(Registry, Other, image, "bob"), after, 1, Token), pull => pull));
        Assert.Equal(
            [pulls[2]], await WalkAsync(after => Store.ListConsumersAsync(new ConsumerQuery(Registry, Since: Now.AddHours(1)), after, 1, Token), pull => pull));
        Assert.Empty((await Store.ListConsumersAsync(new ConsumerQuery(Registry + 1), null, 10, Token)).Items);
    }

    [Fact]
    public async Task Invented_user_agents_make_a_bounded_number_of_rows_and_no_pull_is_lost()
    {
        var image = (await PushImageAsync(App, "image", "v1")).Digest;
        for (var at = 0; at < 600; at += 200)
            await Store.AddConsumersAsync([.. Enumerable.Range(at, 200).Select(i => Pull(image, "bob") with { UserAgent = $"invented/{i}" })], Token);
        await Store.AddConsumersAsync([Pull(image, "bob") with { UserAgent = "invented/3" }, Pull(image, "alice")], Token);

        var listed = (await Store.ListConsumersAsync(new ConsumerQuery(Registry, App), null, 1000, Token)).Items;
        Assert.Equal((IConsumers.MostOfPrincipal + 2, 602), (listed.Count, listed.Sum(pull => pull.Count)));
        Assert.Equal(100, listed.Single(pull => pull.UserAgent == IConsumers.Others).Count);
        Assert.Equal(2, listed.Single(pull => pull.UserAgent == "invented/3").Count);
    }

    [Fact]
    public async Task Those_without_credentials_make_few_rows_and_push_out_nobody_who_is_known()
    {
        var image = (await PushImageAsync(App, "image", "v1")).Digest;
        await Store.AddConsumersAsync([.. Enumerable.Range(0, 600).Select(i => Pull(image, "") with { Address = $"10.0.{i / 200}.{i % 200}" }), Pull(image, "alice")], Token);

        var listed = (await Store.ListConsumersAsync(new ConsumerQuery(Registry, App), null, 1000, Token)).Items;
        Assert.Equal((IConsumers.MostOfStrangers + 2, 601), (listed.Count, listed.Sum(pull => pull.Count)));
        Assert.Equal(550, listed.Single(pull => pull.Address == IConsumers.Others).Count);
        Assert.Equal(Pull(image, "alice"), listed[^1]);
    }

    private ConsumerRecord Pull(Digest digest, string principal) =>
        new(Registry, App, digest, principal, "192.0.2.1", "docker/29", 1, Now, Now);
}

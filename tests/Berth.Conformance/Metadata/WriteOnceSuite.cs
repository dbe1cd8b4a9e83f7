using Berth.Metadata;
using Berth.Oci;

namespace Berth.Conformance.Metadata;

/// <summary>Rules that make tags write-once: what they refuse in the transaction of the act, and what they let through.</summary>
public abstract class WriteOnceSuite<TDatabase> : MetadataSuite<TDatabase>
    where TDatabase : IMetadataDatabase, new()
{
    private static readonly Tag V1 = Tag.Parse("v1");
    private static readonly Tag Latest = Tag.Parse("latest");

    [Fact]
    public async Task A_rule_is_made_changed_and_deleted_with_a_record_each_and_none_for_what_changes_nothing()
    {
        var last = await LastNumberAsync();
        var rule = Rule("releases", "v*", exceptions: ["v*-rc*", "v0"]);

        var made = await Store.PutTagRuleAsync(Registry, rule, Alice, Token);
        Time.Advance(TimeSpan.FromHours(1));
        var again = await Store.PutTagRuleAsync(Registry, rule, Alice, Token);
        var changed = await Store.PutTagRuleAsync(Registry, rule with { IsDeletable = true }, Alice, Token);

        Assert.Equal((CreateOutcome.Created, CreateOutcome.Updated, CreateOutcome.Updated), (made.Outcome, again.Outcome, changed.Outcome));
        Assert.Equal(new Authorship(Now.AddHours(-1), "alice", Now.AddHours(-1), "alice"), again.Record!.Authorship);
        Assert.Equal(new Authorship(Now.AddHours(-1), "alice", Now, "alice"), changed.Record!.Authorship);
        await ReopenAsync();
        var stored = Assert.Single(await Store.ListTagRulesAsync(Registry, Token)).Rule;
        Assert.Equal(("releases", "team/*", new RulePattern("v*"), true), (stored.Name, stored.Repositories.Text, stored.Tags, stored.IsDeletable));
        Assert.Equal(["v*-rc*", "v0"], stored.Exceptions.Select(exception => exception.Text));
        Assert.Equal(changed.Record.Authorship, (await Store.FindTagRuleAsync(Registry, "releases", Token))!.Authorship);

        Assert.True(await Store.DeleteTagRuleAsync(Registry, "releases", Alice, Token));
        Assert.False(await Store.DeleteTagRuleAsync(Registry, "releases", Alice, Token));
        Assert.Null(await Store.FindTagRuleAsync(Registry, "releases", Token));
        Assert.Equal([LedgerKinds.TagRuleSet, LedgerKinds.TagRuleSet, LedgerKinds.TagRuleDeleted], await KindsAfterAsync(last));
        Assert.Equal(CreateOutcome.Unknown, (await Store.PutTagRuleAsync(Registry + 100, rule, Alice, Token)).Outcome);
    }

    [Fact]
    public async Task A_registry_has_fifty_rules_at_most()
    {
        for (var i = 0; i < ITagRules.MostRules; i++) Assert.Equal(CreateOutcome.Created, (await Store.PutTagRuleAsync(Registry, Rule($"r{i}", "v*"), Alice, Token)).Outcome);

        Assert.Equal(CreateOutcome.TooMany, (await Store.PutTagRuleAsync(Registry, Rule("more", "v*"), Alice, Token)).Outcome);
        Assert.Equal(CreateOutcome.Updated, (await Store.PutTagRuleAsync(Registry, Rule("r7", "w*"), Alice, Token)).Outcome);
    }

    [Fact]
    public async Task A_write_once_tag_is_neither_moved_nor_removed_and_nothing_of_the_refused_push_stands()
    {
        var (one, two) = (await PushImageAsync(App, "one", "v1", "latest"), await PushImageAsync(App, "two", "latest"));
        await PutRuleAsync("releases", "v*");
        var last = await LastNumberAsync();

        await ExpectAsync(() => Store.PutManifestAsync(two with { Tags = [Tag.Parse("v2"), V1] }, Alice, Token), one.Digest);
        await ExpectAsync(() => Store.DeleteTagAsync(Registry, App, V1, Alice, Token), one.Digest);
        await ExpectAsync(() => Store.DeleteManifestAsync(Registry, App, one.Digest, Now, Alice, Token), one.Digest);
        await ExpectAsync(() => Store.DeleteRepositoryStepAsync(Registry, App, null, Now, Alice, Token), one.Digest);
        var config = await PushBlobAsync(App, "config of three");
        last = await LastNumberAsync();
        var three = Image(Registry, App, config, [], tags: "v1");
        await ExpectAsync(() => Store.PutManifestAsync(three, Alice, Token), one.Digest);

        Assert.Equal(last, await LastNumberAsync());
        Assert.Null(await FindAsync(App, three.Digest));
        Assert.Null(await FindAsync(App, "v2"));
        Assert.Equal((one.Digest, two.Digest), ((await FindAsync(App, "v1"))!.Digest, (await FindAsync(App, "latest"))!.Digest));
    }

    [Fact]
    public async Task The_same_manifest_is_pushed_to_its_write_once_tag_again_and_changes_nothing()
    {
        var image = await PushImageAsync(App, "image", "v1");
        await PutRuleAsync("releases", "v*");
        var last = await LastNumberAsync();

        await PutAsync(image);

        Assert.Equal(last, await LastNumberAsync());
        await PutAsync(image with { Tags = [V1, Tag.Parse("v1.0")] });
        Assert.Equal(image.Digest, (await FindAsync(App, "v1.0"))!.Digest);
    }

    [Fact]
    public async Task A_deletable_tag_is_not_moved_and_may_be_removed_and_the_stricter_of_two_rules_counts()
    {
        var (one, two) = (await PushImageAsync(App, "one", "v1"), await PushImageAsync(App, "two", "latest"));
        await PutRuleAsync("a-soft", "v*", isDeletable: true);
        await ExpectAsync(() => Store.PutManifestAsync(two with { Tags = [V1] }, Alice, Token), one.Digest, "a-soft", isDeletable: true);
        await PutRuleAsync("b-hard", "v1");
        await ExpectAsync(() => Store.PutManifestAsync(two with { Tags = [V1] }, Alice, Token), one.Digest, "b-hard");
        await ExpectAsync(() => Store.DeleteTagAsync(Registry, App, V1, Alice, Token), one.Digest, "b-hard");

        await Store.DeleteTagRuleAsync(Registry, "b-hard", Alice, Token);
        Assert.Equal(DeleteOutcome.Deleted, (await Store.DeleteTagAsync(Registry, App, V1, Alice, Token)).Outcome);
        await PutAsync(two with { Tags = [V1] });
        Assert.Equal(DeleteOutcome.Deleted, (await Store.DeleteManifestAsync(Registry, App, two.Digest, Now + Grace, Alice, Token)).Outcome);
    }

    [Fact]
    public async Task A_rule_is_for_its_repositories_and_tags_and_for_none_of_its_exceptions()
    {
        var (one, two) = (await PushImageAsync(App, "one", "v1", "v1-rc1", "latest"), await PushImageAsync(App, "two", "two"));
        var (other, another) = (await PushImageAsync(Other, "other", "v1"), await PushImageAsync(Other, "another"));
        await Store.PutTagRuleAsync(
            Registry, new TagRule("releases", new RulePattern("team/app"), new RulePattern("v[0-9]+(-rc[0-9]+)?", IsRegex: true), [new RulePattern("*-rc?")], IsDeletable: false), Alice, Token);

        await PutAsync(two with { Tags = [Latest, Tag.Parse("v1-rc1")] });
        await PutAsync(another with { Tags = [V1] });
        await ExpectAsync(() => Store.PutManifestAsync(two with { Tags = [V1] }, Alice, Token), one.Digest);
        Assert.Equal(another.Digest, (await FindAsync(Other, "v1"))!.Digest);
        Assert.NotEqual(other.Digest, another.Digest);

        var shown = (await Store.ListTagRecordsAsync(Registry, App, null, null, 10, Token))!.Items;
        Assert.Equal(["v1"], shown.Where(tag => tag.WriteOnce is not null).Select(tag => tag.Name));
        shown = (await Store.ListTagRecordsByTimeAsync(Registry, App, null, newestFirst: true, null, 10, Token))!.Items;
        Assert.Equal(new WriteOnce("releases", IsDeletable: false), shown.Single(tag => tag.WriteOnce is not null).WriteOnce);
        Assert.Equal("releases", (await Store.FindTagAsync(Registry, App, V1, Token))!.WriteOnce?.Rule);
        Assert.Null((await Store.FindTagAsync(Registry, Other, V1, Token))!.WriteOnce);
    }

    [Fact]
    public async Task The_child_of_an_index_with_a_write_once_tag_goes_as_little_as_the_index()
    {
        var child = await PushImageAsync(App, "child");
        var index = Index(Registry, App, [Describe(child)], tags: "v1");
        await PutAsync(index);
        await PutRuleAsync("releases", "v*");

        Assert.Equal(new DeleteResult(DeleteOutcome.Held, index.Digest), await Store.DeleteManifestAsync(Registry, App, child.Digest, Now, Alice, Token));
        await ExpectAsync(() => Store.DeleteManifestAsync(Registry, App, index.Digest, Now, Alice, Token), index.Digest);
    }

    [Fact]
    public async Task A_restoration_takes_no_write_once_tag_even_by_force_and_gives_back_one_that_is_free()
    {
        await Store.UpdateRegistryAsync(Registry, new RegistryChanges { SoftDelete = new(true, 30) }, Alice, Token);
        var one = await PushImageAsync(App, "one", "v1");
        await Store.DeleteManifestAsync(Registry, App, one.Digest, Now, Alice, Token);
        var two = await PushImageAsync(App, "two", "v1");
        await PutRuleAsync("releases", "v*");

        await ExpectAsync(() => Store.RestoreManifestAsync(Registry, App, one.Digest, V1, force: true, Alice, Token), two.Digest);
        await ExpectAsync(() => Store.RestoreManifestAsync(Registry, App, one.Digest, null, force: true, Alice, Token), two.Digest);
        Assert.Null(await FindAsync(App, one.Digest));

        Assert.Equal(RestoreOutcome.Restored, (await Store.RestoreManifestAsync(Registry, App, one.Digest, Tag.Parse("v0"), force: false, Alice, Token)).Outcome);
        await ExpectAsync(() => Store.PutManifestAsync(two with { Tags = [Tag.Parse("v0")] }, Alice, Token), one.Digest, tag: "v0");
    }

    [Fact]
    public async Task Of_many_first_pushes_at_once_exactly_one_gets_the_tag()
    {
        await PutRuleAsync("releases", "v*");
        var images = new List<NewManifest>();
        for (var i = 0; i < 20; i++) images.Add(Image(Registry, App, await PushBlobAsync(App, $"config {i}"), [], tags: "v1"));

        var pushes = images.Select(image => Task.Run(async () =>
        {
            try
            {
                await PutAsync(image);
                return null;
            }
            catch (LockedException refusal)
            {
                return refusal.Standing;
            }
        })).ToList();
        var refusals = await Task.WhenAll(pushes);

        var winner = images[Array.IndexOf(refusals, null)].Digest;
        Assert.Equal(winner, (await FindAsync(App, "v1"))!.Digest);
        Assert.All(refusals.OfType<StandingLock>(), standing => Assert.Equal(winner, standing.Digest));
        Assert.Equal(images.Count - 1, refusals.OfType<StandingLock>().Count());
        Assert.Equal(1, (await Store.FindRepositoryAsync(Registry, App, Token))!.Manifests);
    }

    [Fact]
    public async Task A_repository_with_one_write_once_tag_among_many_keeps_everything()
    {
        for (var i = 0; i < 30; i++) await PushImageAsync(App, $"image {i}", $"t{i}");
        var held = await PushImageAsync(App, "held", "v1");
        await PutRuleAsync("releases", "v*");

        await ExpectAsync(() => Store.DeleteRepositoryStepAsync(Registry, App, null, Now + Grace, Alice, Token), held.Digest);

        Assert.Equal(31, (await Store.FindRepositoryAsync(Registry, App, Token))!.Manifests);
        await PutRuleAsync("releases", "v*", isDeletable: true);
        for (var step = await Store.DeleteRepositoryStepAsync(Registry, App, null, Now + Grace, Alice, Token); step.Next is not null;)
            step = await Store.DeleteRepositoryStepAsync(Registry, App, step.Next, Now + Grace, Alice, Token);
        Assert.False(await Store.RepositoryExistsAsync(Registry, App, Token));
    }

    [Fact]
    public async Task Of_a_repository_that_holds_a_write_once_tag_nothing_is_deleted()
    {
        var images = new List<NewManifest>();
        for (var i = 0; i < 60; i++) images.Add(await PushImageAsync(App, $"image {i}", $"t{i}"));
        await PutRuleAsync("one", images.MaxBy(image => image.Digest)!.Tags[0].Value);

        await Assert.ThrowsAsync<LockedException>(() => Store.DeleteRepositoryStepAsync(Registry, App, null, Now + Grace, Alice, Token));
        foreach (var image in images) Assert.NotNull(await FindAsync(App, image.Digest));
    }

    [Fact]
    public async Task A_rule_that_comes_while_a_repository_is_deleted_keeps_its_tags_from_the_next_step_on()
    {
        var images = new List<NewManifest>();
        for (var i = 0; i < 60; i++) images.Add(await PushImageAsync(App, $"image {i}", $"t{i}"));
        var last = images.MaxBy(image => image.Digest)!;
        var step = await Store.DeleteRepositoryStepAsync(Registry, App, null, Now + Grace, Alice, Token);
        await PutRuleAsync("late", last.Tags[0].Value);

        var refusal = await Assert.ThrowsAsync<LockedException>(async () =>
        {
            while (step.Next is not null) step = await Store.DeleteRepositoryStepAsync(Registry, App, step.Next, Now + Grace, Alice, Token);
        });

        Assert.Equal(last.Digest, refusal.Standing.Digest);
        Assert.NotNull(await FindAsync(App, last.Digest));
    }

    [Fact]
    public async Task The_rules_of_a_registry_go_with_it_and_hold_its_deletion_for_good_not_up()
    {
        var other = (await Store.CreateRegistryAsync(new NewRegistry("second", "subscription", "default", "local", "Premium"), Alice, Token)).Record!;
        var image = await PushImageAsync(App, "image", "v1");
        await PutRuleAsync("releases", "*");
        await Store.PutTagRuleAsync(other.Id, Rule("theirs", "*"), Alice, Token);
        await Store.DeleteRegistryAsync(Registry, Alice, Token);
        Assert.True(await Store.BeginPurgeAsync(Registry, Alice, Token));

        await Store.UnlockForPurgeAsync(Registry, App, Token);
        Assert.Null((await Store.DeleteRepositoryStepAsync(Registry, App, null, Now + Grace, Caller.System, Token)).Next);

        Assert.Null(await FindAsync(App, image.Digest));
        Assert.Empty(await Store.ListTagRulesAsync(Registry, Token));
        Assert.Single(await Store.ListTagRulesAsync(other.Id, Token));
    }

    private static TagRule Rule(string name, string tags, bool isDeletable = false, params string[] exceptions) =>
        new(name, new RulePattern("team/*"), new RulePattern(tags), [.. exceptions.Select(exception => new RulePattern(exception))], isDeletable);

    private async Task PutRuleAsync(string name, string tags, bool isDeletable = false) => await Store.PutTagRuleAsync(Registry, Rule(name, tags, isDeletable), Alice, Token);

    private async Task ExpectAsync(Func<Task> act, Digest names, string rule = "releases", bool isDeletable = false, string tag = "v1")
    {
        var refusal = await Assert.ThrowsAsync<LockedException>(act);
        Assert.Equal(
            new StandingLock(App, Reference.To(Tag.Parse(tag)), Locks.Write) { WriteOnce = new WriteOnce(rule, isDeletable), Digest = names }, refusal.Standing);
    }
}

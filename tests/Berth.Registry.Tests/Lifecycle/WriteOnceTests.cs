using System.Net;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using static Berth.Registry.Tests.Artifacts.ArtifactClient;

namespace Berth.Registry.Tests.Lifecycle;

/// <summary>Rules that make tags write-once, as a client meets them: at their own routes, and at every route that moves or removes a tag.</summary>
public sealed class WriteOnceTests
{
    private const string Repo = "team/app";

    /// <summary>What a client may try against the tag v1 of the image: each changes or removes something.</summary>
    private static readonly (string Act, bool Removes, Func<RegistryHost, Ground, HttpRequestMessage> Request)[] Acts =
    [
        ("push by tag", false, (_, ground) => Put("v1", ground.Other)),
        ("push by digest with ?tag=", false, (_, ground) => Put($"{DigestOf(ground.Other)}?tag=free&tag=v1", ground.Other)),
        ("push of an index by tag", false, (_, ground) => Put("v1", RegistryClientExtensions.Index(ground.Other), MediaTypes.OciIndex)),
        ("delete the tag", true, (_, _) => new(HttpMethod.Delete, $"/v2/{Repo}/manifests/v1")),
        ("untag", true, (_, _) => new(HttpMethod.Delete, $"/acr/v1/{Repo}/_tags/v1")),
        ("delete the image", true, (_, ground) => new(HttpMethod.Delete, $"/v2/{Repo}/manifests/{ground.Image}")),
        ("delete the repository", true, (_, _) => new(HttpMethod.Delete, $"/acr/v1/{Repo}")),
    ];

    public static TheoryData<string> EveryAct => [.. Acts.Select(act => act.Act)];

    [Theory]
    [MemberData(nameof(EveryAct))]
    public async Task Every_route_that_would_move_or_remove_a_write_once_tag_is_refused_and_told_the_rule_and_the_digest(string act)
    {
        await using var host = await RegistryHost.StartAsync();
        var ground = await Ground.MakeAsync(host);
        await PutRuleAsync(host, "releases", """{"tags":"v*","exceptions":["v*-rc*"]}""");
        var (_, removes, request) = Acts.Single(each => each.Act == act);
        var before = await StateAsync(host);

        using (var refused = await host.Client.SendAsync(request(host, ground)))
        {
            Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
            var error = (await BodyAsync(refused)).GetProperty("errors")[0];
            Assert.Equal(("DENIED", "v1"), (error.GetProperty("code").GetString(), error.GetProperty("detail").GetString()));
            var message = error.GetProperty("message").GetString()!;
            Assert.Contains($"'{Repo}:v1' is write-once by the rule 'releases' and names {ground.Image}", message, StringComparison.Ordinal);
        }

        Assert.Equal(before, await StateAsync(host));

        // Where the rule lets tags be removed, they are; they are moved only without it.
        await PutRuleAsync(host, "releases", """{"tags":"v*","deletable":true}""");
        using var deletable = await host.Client.SendAsync(request(host, ground));
        Assert.Equal(removes ? HttpStatusCode.Accepted : HttpStatusCode.Conflict, deletable.StatusCode);
        await host.Client.DeleteAsync(new Uri("/berth/v1/tag-rules/releases", UriKind.Relative));
        using var free = await host.Client.SendAsync(request(host, ground));
        Assert.Equal(removes ? HttpStatusCode.NotFound : HttpStatusCode.Created, free.StatusCode);
    }

    [Fact]
    public async Task A_tag_is_pushed_for_the_first_time_and_the_same_again_and_what_no_rule_covers_is_moved()
    {
        await using var host = await RegistryHost.StartAsync();
        await PutRuleAsync(host, "releases", """{"repositories":"team/*","tagsRegex":"v[0-9]+(\\.[0-9]+)*","exceptions":["v0*"]}""");
        var ground = await Ground.MakeAsync(host);

        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, "v1", ground.Manifest));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, $"{ground.Image}?tag=v1&tag=v2", ground.Manifest));
        foreach (var free in (string[])["latest", "v0.1", "v1-rc1"])
        {
            Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, free, ground.Manifest));
            Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, free, ground.Other));
        }

        await PushAsync(host, "elsewhere", "one", "v1");
        await PushAsync(host, "elsewhere", "two", "v1");
    }

    [Fact]
    public async Task An_index_with_a_write_once_tag_stays_and_so_do_its_children()
    {
        await using var host = await RegistryHost.StartAsync();
        var ground = await Ground.MakeAsync(host);
        var index = RegistryClientExtensions.Index(ground.Other);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, "multi", index, MediaTypes.OciIndex));
        await PutRuleAsync(host, "releases", """{"tags":"multi"}""");

        Assert.Equal(HttpStatusCode.Conflict, await host.Client.DeleteManifestAsync(Repo, DigestOf(ground.Other).ToString()));
        Assert.Equal(HttpStatusCode.Conflict, await host.Client.DeleteManifestAsync(Repo, DigestOf(index).ToString()));
        Assert.Equal(HttpStatusCode.Conflict, await host.Client.PutManifestAsync(Repo, "multi", ground.Other));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, "multi"));
    }

    [Fact]
    public async Task A_restoration_by_force_leaves_a_write_once_tag_where_it_is()
    {
        await using var host = await DeletedContentTests.StartAsync();
        var one = await PushAsync(host, Repo, "one", "v1");
        await host.Client.DeleteManifestAsync(Repo, one.ToString());
        var two = await PushAsync(host, Repo, "two", "v1");
        await PutRuleAsync(host, "releases", """{"tags":"v*"}""");

        var (status, body) = await DeletedContentTests.PostAsync(host.Client, $"/acr/v1/_deleted/{Repo}/_manifests/{one}?force=true", """{"tag":"v1"}""");

        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains($"and names {two}: it is neither moved", body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.GetManifestAsync(Repo, one.ToString()));
    }

    [Fact]
    public async Task The_metadata_API_shows_a_write_once_tag_as_locked_with_the_rule_and_its_own_locks_beside()
    {
        await using var host = await RegistryHost.StartAsync();
        await Ground.MakeAsync(host);
        await PutRuleAsync(host, "releases", """{"tags":"v*"}""");

        var tag = (await host.Client.JsonAsync($"/acr/v1/{Repo}/_tags/v1")).GetProperty("tag");
        Assert.Equal(("releases", "deleteEnabled writeEnabled"), (tag.GetProperty("writeOnceRule").GetString(), string.Join(' ', tag.Locked())));
        foreach (var order in (string[])["none", "timedesc"])
        {
            var listed = (await host.Client.JsonAsync($"/acr/v1/{Repo}/_tags?orderby={order}")).GetProperty("tags").EnumerateArray().ToDictionary(each => each.GetProperty("name").GetString()!);
            Assert.Equal(["deleteEnabled", "writeEnabled"], listed["v1"].Locked());
            Assert.Empty(listed["latest"].Locked());
            Assert.False(listed["latest"].TryGetProperty("writeOnceRule", out _));
        }

        // The rule is not undone by unlocking the tag.
        await host.Client.SetAsync($"{Repo}/_tags/v1", "writeEnabled", enabled: true);
        Assert.Equal(["deleteEnabled", "writeEnabled"], (await host.Client.JsonAsync($"/acr/v1/{Repo}/_tags/v1")).GetProperty("tag").Locked());
        await PutRuleAsync(host, "releases", """{"tags":"v*","deletable":true}""");
        Assert.Equal(["writeEnabled"], (await host.Client.JsonAsync($"/acr/v1/{Repo}/_tags/v1")).GetProperty("tag").Locked());
    }

    [Fact]
    public async Task Rules_are_made_changed_listed_shown_and_deleted()
    {
        await using var host = await RegistryHost.StartAsync();
        Assert.Equal("""{"value":[]}""", await host.Client.GetStringAsync(new Uri("/berth/v1/tag-rules", UriKind.Relative)));

        var (status, rule) = await PutRuleAsync(host, "releases", """{"name":"releases","repositories":"team/*","tags":"v*","exceptions":["v0*"]}""");
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal(["name", "repositories", "tags", "exceptions", "deletable", "createdAt", "createdBy", "updatedAt", "updatedBy"], rule.Names());
        (status, rule) = await PutRuleAsync(host, "releases", """{"tagsRegex":"v.+","deletable":true}""");
        Assert.Equal((HttpStatusCode.OK, "*", "v.+", true), (status, rule.GetProperty("repositories").GetString(), rule.GetProperty("tagsRegex").GetString(), rule.GetProperty("deletable").GetBoolean()));
        await PutRuleAsync(host, "builds", """{"tags":"build-*"}""");

        Assert.Equal(rule.GetRawText(), (await host.Client.JsonAsync("/berth/v1/tag-rules/releases")).GetRawText());
        var names = (await host.Client.JsonAsync("/berth/v1/tag-rules")).GetProperty("value").EnumerateArray().Select(each => each.GetProperty("name").GetString());
        Assert.Equal(["builds", "releases"], names);
        Assert.Equal(HttpStatusCode.NoContent, (await host.Client.DeleteAsync(new Uri("/berth/v1/tag-rules/builds", UriKind.Relative))).StatusCode);
        foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Delete])
        {
            using var absent = await host.Client.SendAsync(new HttpRequestMessage(method, "/berth/v1/tag-rules/builds"));
            Assert.Equal(HttpStatusCode.NotFound, absent.StatusCode);
            Assert.Contains("The registry has no tag rule", await absent.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        var record = (await host.Metadata.ReadLedgerAsync(0, 1000, CancellationToken.None)).Last(each => each.Kind == LedgerKinds.TagRuleSet);
        Assert.Equal(("owner", """{"rule":"builds","repositories":"*","tags":"build-*","exceptions":"","deletable":"false"}"""), (record.Actor, record.Payload));
    }

    [Theory]
    [InlineData("{", "no JSON")]
    [InlineData("[]", "JSON object")]
    [InlineData("{}", "'tags', a glob")]
    [InlineData("""{"tags":7}""", "'tags' must be a text")]
    [InlineData("""{"tags":"v*","tagsRegex":"v.*"}""", "one of 'tags'")]
    [InlineData("""{"tags":""}""", "1 to 256 characters")]
    [InlineData("""{"tags":"v[0-9]"}""", "'*' for any run")]
    [InlineData("""{"tagsRegex":"(a"}""", "no regular expression")]
    [InlineData("""{"tagsRegex":"(?=a)b"}""", "linear time")]
    [InlineData("""{"tags":"v*","repositories":"Team/{a}"}""", "'repositories' is")]
    [InlineData("""{"tags":"v*","exceptions":"v0"}""", "list of globs")]
    [InlineData("""{"tags":"v*","exceptions":[1]}""", "'exceptions' must be a text")]
    [InlineData("""{"tags":"v*","deletable":"yes"}""", "true or false")]
    [InlineData("""{"tags":"v*","name":"other"}""", "'name'")]
    [InlineData("""{"tags":"v*","immutable":true}""", "'immutable'")]
    public async Task A_body_that_is_no_rule_is_refused_with_what_is_wrong(string body, string reason)
    {
        await using var host = await RegistryHost.StartAsync();

        var (status, error) = await PutRuleAsync(host, "releases", body);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(reason, error.GetProperty("errors")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("""{"value":[]}""", await host.Client.GetStringAsync(new Uri("/berth/v1/tag-rules", UriKind.Relative)));
    }

    [Fact]
    public async Task A_name_that_is_none_too_large_a_body_and_another_method_are_refused()
    {
        await using var host = await RegistryHost.StartAsync();
        foreach (var name in (string[])["-x", "a%20b", "a/b", new string('a', 65)])
            Assert.Equal((name, HttpStatusCode.BadRequest), (name, (await PutRuleAsync(host, name, """{"tags":"v*"}""")).Status));
        var many = string.Join(',', Enumerable.Repeat($"\"{new string('v', 250)}\"", 200));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await PutRuleAsync(host, "releases", $$"""{"tags":"v*","exceptions":[{{many}}]}""")).Status);
        var few = string.Join(',', Enumerable.Repeat("\"v0\"", 51));
        Assert.Equal(HttpStatusCode.BadRequest, (await PutRuleAsync(host, "releases", $$"""{"tags":"v*","exceptions":[{{few}}]}""")).Status);
        using var posted = await host.Client.PostAsync(new Uri("/berth/v1/tag-rules", UriKind.Relative), null);
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "GET"), (posted.StatusCode, string.Join(", ", posted.Content.Headers.Allow)));
        using var patched = await host.Client.SendAsync(new HttpRequestMessage(HttpMethod.Patch, "/berth/v1/tag-rules/x"));
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "GET, PUT, DELETE"), (patched.StatusCode, string.Join(", ", patched.Content.Headers.Allow)));
    }

    [Fact]
    public async Task A_registry_s_rules_are_no_other_registry_s()
    {
        await using var host = await RegistryHost.StartAsync();
        await host.Metadata.CreateRegistryAsync(new NewRegistry("other1", "subscription", "default", "local", "Premium"), Caller.System, CancellationToken.None);
        await PutRuleAsync(host, "releases", """{"tags":"v*"}""");

        using var request = new HttpRequestMessage(HttpMethod.Get, "/berth/v1/tag-rules") { Headers = { Host = "other1.berth.localhost" } };
        request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"owner:{RegistryHost.Password}")));
        using var answer = await host.Client.SendAsync(request);

        Assert.Equal("""{"value":[]}""", await answer.Content.ReadAsStringAsync());
    }

    private static HttpRequestMessage Put(string reference, byte[] manifest, string mediaType = MediaTypes.OciManifest) =>
        new(HttpMethod.Put, $"/v2/{Repo}/manifests/{reference}") { Content = new ByteArrayContent(manifest) { Headers = { ContentType = new(mediaType) } } };

    private static Digest DigestOf(byte[] manifest) => Digest.Compute(DigestAlgorithm.Sha256, manifest);

    private static async Task<(HttpStatusCode Status, JsonElement Body)> PutRuleAsync(RegistryHost host, string name, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await host.Client.PutAsync(new Uri($"/berth/v1/tag-rules/{name}", UriKind.Relative), content);
        return (answer.StatusCode, await BodyAsync(answer));
    }

    private static async Task<JsonElement> BodyAsync(HttpResponseMessage answer)
    {
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return document.RootElement.Clone();
    }

    private static async Task<string> StateAsync(RegistryHost host) =>
        $"{await host.Client.GetStringAsync(new Uri($"/acr/v1/{Repo}/_tags", UriKind.Relative))} {await host.Client.GetStringAsync(new Uri($"/acr/v1/{Repo}/_manifests", UriKind.Relative))}";

    /// <summary>A repository with an image under v1 and latest, and another that is pushed by its digest alone.</summary>
    private sealed record Ground(byte[] Manifest, byte[] Other, Digest Image)
    {
        public static async Task<Ground> MakeAsync(RegistryHost host)
        {
            var image = await PushAsync(host, Repo, "one", "v1", "latest");
            await PushAsync(host, Repo, "two");
            return new Ground(RegistryClientExtensions.Image("one"u8.ToArray()), RegistryClientExtensions.Image("two"u8.ToArray()), image);
        }
    }
}

using System.Net;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;
using static Berth.Registry.Tests.Artifacts.ArtifactClient;

namespace Berth.Registry.Tests.Artifacts;

/// <summary><c>/acr/v1/_deleted</c>: what was deleted in a registry that keeps it, as a client sees it.</summary>
public sealed class DeletedContentTests
{
    private const string Repo = "team/app";

    [Fact]
    public async Task What_is_deleted_by_any_route_is_absent_and_listed_as_deleted()
    {
        await using var host = await StartAsync();
        var image = await PushAsync(host, Repo, "image", "v1", "v2");
        await PushAsync(host, Repo, "other", "other");
        await PushAsync(host, "team/whole", "whole", "a");

        Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync(Repo, image.ToString()));
        Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync(Repo, "other"));
        Assert.Equal(HttpStatusCode.Accepted, (await host.Client.DeleteAsync(new Uri("/acr/v1/team/whole", UriKind.Relative))).StatusCode);

        foreach (var reference in (string[])["v1", image.ToString(), "other"]) Assert.Equal(HttpStatusCode.NotFound, await host.Client.GetManifestAsync(Repo, reference));
        var manifest = Assert.Single((await host.Client.JsonAsync($"/acr/v1/_deleted/{Repo}/_manifests")).GetProperty("manifests").EnumerateArray());
        Assert.Equal(["digest", "createdAt", "deletedAt", "expiresAfter"], manifest.Names());
        Assert.Equal(
            (image.ToString(), "2026-11-24T12:00:00.0000000Z", "2026-12-01T12:00:00.0000000Z"),
            (manifest.GetProperty("digest").GetString(), manifest.GetProperty("deletedAt").GetString(), manifest.GetProperty("expiresAfter").GetString()));
        Assert.Equal(["other", "v1", "v2"], await host.Client.WalkAsync($"/acr/v1/_deleted/{Repo}/_tags?n=1", "tags", "tag"));
        Assert.Equal(["team/app", "team/whole"], await host.Client.WalkAsync("/acr/v1/_deleted/_catalog?n=1", "repositories", "repository"));
        Assert.Equal("""{"repositories":["team/app"]}""", await host.Client.GetStringAsync(new Uri("/acr/v1/_catalog", UriKind.Relative)));
        foreach (var path in (string[])["_deleted/team/none/_tags", "_deleted/team/none/_manifests", "_deleted/team", "_deleted/team/app", "_deleted/_catalog/x", "_deleted/"])
            Assert.Equal((path, HttpStatusCode.NotFound), (path, (await host.Client.GetAsync(new Uri($"/acr/v1/{path}", UriKind.Relative))).StatusCode));
        Assert.Equal(HttpStatusCode.BadRequest, (await host.Client.GetAsync(new Uri($"/acr/v1/_deleted/{Repo}/_manifests?last=x", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task A_walk_of_the_entries_of_one_tag_shows_each_once_the_newest_last()
    {
        await using var host = await StartAsync();
        var digests = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            digests.Add((await PushAsync(host, Repo, $"image {i}", "latest", $"keep{i}")).ToString());
            Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync(Repo, "latest"));
        }

        Assert.Equal(digests, await host.Client.WalkAsync($"/acr/v1/_deleted/{Repo}/_tags?n=2", "tags", "digest"));
        Assert.Empty(await host.Client.WalkAsync($"/acr/v1/_deleted/{Repo}/_tags?last=latest", "tags", "digest"));
    }

    [Fact]
    public async Task An_image_is_restored_under_a_tag_or_those_it_had()
    {
        await using var host = await StartAsync();
        var image = await PushAsync(host, Repo, "image", "v1", "v2");
        await host.Client.DeleteManifestAsync(Repo, image.ToString());
        var other = await PushAsync(host, Repo, "other", "v2");
        var path = $"/acr/v1/_deleted/{Repo}/_manifests/{image}";

        var (status, body) = await PostAsync(host.Client, path, """{"tag":"v2"}""");
        Assert.Equal((HttpStatusCode.Conflict, other.ToString()), (status, Detail(body)));
        Assert.Contains("--force", body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, (await PostAsync(host.Client, path + "?force=False", """{"tag":"v2"}""")).Status);
        foreach (var (wrong, query) in new[] { ("""{"tag":"not a tag"}""", ""), ("""{"tag":7}""", ""), ("""{"name":"v1"}""", ""), ("[]", ""), ("{", ""), ("{}", "?force=perhaps") })
            Assert.Equal((wrong, HttpStatusCode.BadRequest), (wrong, (await PostAsync(host.Client, path + query, wrong)).Status));
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.GetManifestAsync(Repo, image.ToString()));

        (status, body) = await PostAsync(host.Client, path, null);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.EndsWith($$"""
            "digest":"{{image}}","manifestsRestored":["{{image}}"],"tagsRestored":["v1"]}
            """, body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, "v1"));
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync(host.Client, path, null)).Status);

        await host.Client.DeleteManifestAsync(Repo, image.ToString());
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(host.Client, path + "?force=True", """{"tag":"v2"}""")).Status);
        Assert.Equal(image.ToString(), (await host.Client.JsonAsync($"/acr/v1/{Repo}/_tags/v2")).GetProperty("tag").GetProperty("digest").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync(host.Client, $"/acr/v1/_deleted/{Repo}/_manifests/{DataOf("absent")}", null)).Status);
    }

    [Fact]
    public async Task A_blob_that_only_deleted_content_needs_is_not_deleted_and_the_answer_says_until_when()
    {
        await using var host = await StartAsync();
        var image = await PushAsync(host, Repo, "image", "v1");
        await host.Client.DeleteManifestAsync(Repo, image.ToString());
        host.Time.Advance(host.Grace * 3);
        await host.Collector.SweepAsync(CancellationToken.None);

        using var answer = await host.Client.DeleteAsync(new Uri($"/v2/{Repo}/blobs/{DataOf("image")}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.Equal(image.ToString(), Detail(body));
        Assert.Contains("kept until 2026-12-01 12:00 UTC", body, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.OK, (await PostAsync(host.Client, $"/acr/v1/_deleted/{Repo}/_manifests/{image}", null)).Status);
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetBlobAsync(Repo, DataOf("image"))).Status);
    }

    [Fact]
    public async Task What_is_deleted_goes_for_good_when_its_days_are_over_and_on_demand()
    {
        await using var host = await StartAsync();
        await host.Collector.SweepAsync(CancellationToken.None);
        var (image, other) = (await PushAsync(host, Repo, "image", "v1"), await PushAsync(host, Repo, "other", "v2"));
        foreach (var digest in (Digest[])[image, other]) await host.Client.DeleteManifestAsync(Repo, digest.ToString());

        Assert.Equal(HttpStatusCode.Accepted, (await host.Client.DeleteAsync(new Uri($"/acr/v1/_deleted/{Repo}/_manifests/{image}", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.DeleteAsync(new Uri($"/acr/v1/_deleted/{Repo}/_manifests/{image}", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync(host.Client, $"/acr/v1/_deleted/{Repo}/_manifests/{image}", null)).Status);
        host.Time.Advance(TimeSpan.FromDays(6.9));
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Equal([other.ToString()], await host.Client.WalkAsync($"/acr/v1/_deleted/{Repo}/_manifests", "manifests", "digest"));
        host.Time.Advance(TimeSpan.FromDays(0.1));
        await host.Collector.SweepAsync(CancellationToken.None);

        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetAsync(new Uri($"/acr/v1/_deleted/{Repo}/_manifests", UriKind.Relative))).StatusCode);
        host.Time.Advance(host.Grace * 2);
        await host.Collector.SweepAsync(CancellationToken.None);
        foreach (var text in (string[])["image", "other"]) Assert.Equal(HttpStatusCode.NotFound, await host.Client.HeadBlobAsync(Repo, DataOf(text)));
        Assert.Empty(await host.Metadata.CheckAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_step_of_the_clock_takes_nothing_that_could_be_restored()
    {
        await using var host = await StartAsync();
        var image = await PushAsync(host, Repo, "image", "v1");
        await host.Client.DeleteManifestAsync(Repo, image.ToString());
        await host.Collector.SweepAsync(CancellationToken.None);
        host.Time.Advance(TimeSpan.FromDays(400));
        using var next = Microsoft.Extensions.DependencyInjection.ActivatorUtilities.CreateInstance<Berth.Registry.Lifecycle.GarbageCollector>(host.Services);
        await next.SweepAsync(CancellationToken.None);

        Assert.Equal(HttpStatusCode.OK, (await PostAsync(host.Client, $"/acr/v1/_deleted/{Repo}/_manifests/{image}", null)).Status);
    }

    [Fact]
    public async Task Who_may_see_deleted_content_sees_what_is_his_and_restores_only_with_the_right_to_it()
    {
        await using var host = await StartAsync();
        await host.UseModeAsync(RoleAssignmentMode.AbacRepositoryPermissions);
        var (mine, hidden) = (await PushAsync(host, "mine/app", "mine", "v1"), await PushAsync(host, "hidden/app", "hidden", "v1"));
        await host.Client.DeleteManifestAsync("mine/app", mine.ToString());
        await host.Client.DeleteManifestAsync("hidden/app", hidden.ToString());
        using var contributor = await host.SignedInAsync("contributor@example.test");
        using var reader = await host.SignedInAsync("reader@example.test");
        const string Condition = "@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringStartsWith 'mine/'";
        foreach (var (name, role) in new[] { ("contributor@example.test", "Container Registry Repository Contributor"), ("reader@example.test", "Container Registry Repository Reader") })
        {
            await host.AssignAsync(name, role, Condition);
            await host.AssignAsync(name, "Container Registry Repository Catalog Lister");
        }

        Assert.Equal(["mine/app"], await contributor.WalkAsync("/acr/v1/_deleted/_catalog", "repositories", "repository"));
        Assert.Empty(await reader.WalkAsync("/acr/v1/_deleted/_catalog", "repositories", "repository"));
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(reader, $"/acr/v1/_deleted/mine/app/_manifests/{mine}", null)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(contributor, $"/acr/v1/_deleted/hidden/app/_manifests/{hidden}", null)).Status);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(contributor, $"/acr/v1/_deleted/mine/app/_manifests/{mine}", null)).Status);
    }

    [Theory]
    [InlineData("GET", "_deleted/_catalog", "registry:deleted_catalog:*")]
    [InlineData("GET", "_deleted/team/app/_tags", "repository:team/app:deleted_read")]
    [InlineData("GET", "_deleted/team%2Fapp/_manifests", "repository:team/app:deleted_read")]
    [InlineData("POST", "_deleted/team/app/_manifests/sha256%3Ae3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "repository:team/app:deleted_read,deleted_restore")]
    [InlineData("DELETE", "_deleted/team/app/_manifests/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "repository:team/app:delete")]
    public async Task The_challenge_names_the_scope_and_a_token_of_it_is_let_in(string method, string path, string scope)
    {
        await using var host = await StartAsync();
        await host.Client.DeleteManifestAsync(Repo, (await PushAsync(host, Repo, "image", "v1")).ToString());
        using var anybody = host.WithoutCredential();
        using var refused = await anybody.SendAsync(new HttpRequestMessage(new HttpMethod(method), new Uri($"/acr/v1/{path}", UriKind.Relative)));
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Contains($"scope=\"{scope}\"", refused.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);

        using var token = host.BearerOf((await host.Client.JsonAsync($"/oauth2/token?service=local.berth.localhost&scope={Uri.EscapeDataString(scope)}")).GetProperty("access_token").GetString()!);
        using var answer = await token.SendAsync(new HttpRequestMessage(new HttpMethod(method), new Uri($"/acr/v1/{path}", UriKind.Relative)));
        Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound, answer.StatusCode.ToString());
    }

    internal static async Task<RegistryHost> StartAsync(ISteps? steps = null)
    {
        var host = await RegistryHost.StartAsync(steps);
        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        await host.Metadata.UpdateRegistryAsync(registry!.Id, new RegistryChanges { SoftDelete = new(true, 7) }, Caller.System, CancellationToken.None);
        return host;
    }

    internal static async Task<(HttpStatusCode Status, string Body)> PostAsync(HttpClient client, string path, string? body, string? actor = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative));
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await client.SendAsAsync(request, actor);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static Digest DataOf(string text) => Digest.Compute(DigestAlgorithm.Sha256, Encoding.UTF8.GetBytes(text));

    private static string? Detail(string body)
    {
        using var document = JsonDocument.Parse(body);
        return document.RootElement.GetProperty("errors")[0].GetProperty("detail").GetString();
    }
}

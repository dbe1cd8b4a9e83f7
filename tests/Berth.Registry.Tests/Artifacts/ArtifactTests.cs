using System.Net;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Artifacts;

/// <summary><c>/acr/v1</c> as a client sees it.</summary>
public sealed class ArtifactTests
{
    private static readonly byte[] Blob = "a layer"u8.ToArray();

    [Fact]
    public async Task The_catalog_holds_what_the_caller_may_see_page_by_page()
    {
        await using var host = await RegistryHost.StartAsync();
        foreach (var repository in new[] { "team-a/app", "team-a/tool", "hidden/app" }) await PushAsync(host, repository, "1");

        using var first = await host.Client.GetAsync(new Uri("/acr/v1/_catalog?n=2", UriKind.Relative));
        Assert.Equal("""{"repositories":["hidden/app","team-a/app"]}""", await first.Content.ReadAsStringAsync());
        var link = first.Headers.GetValues("Link").Single();
        Assert.StartsWith("</acr/v1/_catalog?last=team-a%2Fapp&n=2&orderby=>", link, StringComparison.Ordinal);
        Assert.Equal("""{"repositories":["team-a/tool"]}""", await host.Client.GetStringAsync(new Uri(link[1..link.IndexOf('>', StringComparison.Ordinal)], UriKind.Relative)));

        await host.UseModeAsync(RoleAssignmentMode.AbacRepositoryPermissions);
        using var lister = await host.SignedInAsync("lister@example.test");
        await host.AssignAsync("lister@example.test", "Container Registry Repository Catalog Lister");
        await host.AssignAsync(
            "lister@example.test", "Container Registry Repository Reader", "@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringStartsWith 'team-a/'");
        Assert.Equal("""{"repositories":["team-a/app","team-a/tool"]}""", await lister.GetStringAsync(new Uri("/acr/v1/_catalog", UriKind.Relative)));
        using var stranger = await host.SignedInAsync("stranger@example.test");
        Assert.Equal(HttpStatusCode.Forbidden, (await stranger.GetAsync(new Uri("/acr/v1/_catalog", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task The_challenge_names_the_scope_that_a_token_needs()
    {
        await using var host = await RegistryHost.StartAsync();
        using var anybody = host.WithoutCredential();
        foreach (var (method, path, scope) in new[]
        {
            ("GET", "/acr/v1/_catalog", "registry:catalog:*"),
            ("GET", "/acr/v1/team-a/app/_tags", "repository:team-a/app:metadata_read"),
            ("PATCH", "/acr/v1/team-a/app", "repository:team-a/app:metadata_write,metadata_read"),
            ("DELETE", "/acr/v1/team-a/app", "repository:team-a/app:delete"),
            ("GET", "/acr/v1/team-a/app", "repository:team-a/app:metadata_read"),
            ("DELETE", "/acr/v1/team-a/app/_tags/v1", "repository:team-a/app:delete"),
            ("PATCH", "/acr/v1/team-a/app/_manifests/sha256%3Ae3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "repository:team-a/app:metadata_write,metadata_read"),
        })
        {
            using var answer = await anybody.SendAsync(new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative)));
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.Contains($"scope=\"{scope}\"", answer.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Tags_are_listed_with_their_manifests()
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, "team-a/app", "v1");
        await PushAsync(host, "team-a/app", "v2");

        using var body = JsonDocument.Parse(await host.Client.GetStringAsync(new Uri("/acr/v1/team-a%2Fapp/_tags?n=1&last=v1", UriKind.Relative)));
        Assert.Equal("team-a/app", body.RootElement.GetProperty("imageName").GetString());
        Assert.Equal("local.berth.localhost", body.RootElement.GetProperty("registry").GetString());
        var tag = Assert.Single(body.RootElement.GetProperty("tags").EnumerateArray());
        Assert.Equal("v2", tag.GetProperty("name").GetString());
        Assert.StartsWith("sha256:", tag.GetProperty("digest").GetString(), StringComparison.Ordinal);
        Assert.Equal("2026-11-24T12:00:00.0000000Z", tag.GetProperty("createdTime").GetString());
        Assert.True(tag.GetProperty("changeableAttributes").GetProperty("deleteEnabled").GetBoolean());

        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetAsync(new Uri("/acr/v1/absent/app/_tags", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.Client.GetAsync(new Uri("/acr/v1/team-a/app/_tags?orderby=size", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.Client.GetAsync(new Uri("/acr/v1/team-a/app/_tags?n=0", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task Tags_are_listed_of_the_manifest_that_is_asked_about()
    {
        await using var host = await RegistryHost.StartAsync();
        foreach (var tag in (string[])["v1", "v3", "v4"]) await PushAsync(host, "team-a/app", tag);
        var other = "another layer"u8.ToArray();
        await host.Client.PushBlobAsync("team-a/app", other);
        var manifest = RegistryClientExtensions.Image(other);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync("team-a/app", "v2", manifest));
        const string path = "/acr/v1/team-a/app/_tags?digest=";

        Assert.Equal(["v2"], await NamesAsync(path + Digest.Compute(DigestAlgorithm.Sha256, manifest)));
        var first = Digest.Compute(DigestAlgorithm.Sha256, RegistryClientExtensions.Image(Blob));
        using var page = await host.Client.GetAsync(new Uri($"{path}{first}&n=2", UriKind.Relative));
        var link = page.Headers.GetValues("Link").Single();
        Assert.Equal(["v4"], await NamesAsync(link[1..link.IndexOf('>', StringComparison.Ordinal)]));
        Assert.Equal(["v1", "v3", "v4"], await NamesAsync(path + first));
        Assert.Empty(await NamesAsync(path + Digest.Compute(DigestAlgorithm.Sha256, "absent"u8)));
        foreach (var wrong in (string[])["", "v1", "sha256:", "sha256:00", $"{first}&digest={first}"])
            Assert.Equal((wrong, HttpStatusCode.BadRequest), (wrong, (await host.Client.GetAsync(new Uri(path + wrong, UriKind.Relative))).StatusCode));

        async Task<List<string?>> NamesAsync(string target)
        {
            using var body = JsonDocument.Parse(await host.Client.GetStringAsync(new Uri(target, UriKind.Relative)));
            return [.. body.RootElement.GetProperty("tags").EnumerateArray().Select(tag => tag.GetProperty("name").GetString())];
        }
    }

    [Fact]
    public async Task A_change_is_answered_with_the_repository_s_attributes()
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, "team-a/app", "v1");
        host.Time.Advance(TimeSpan.FromHours(1));
        await PushAsync(host, "team-a/app", "v2");

        using var body = JsonDocument.Parse((await PatchAsync(host.Client, "team-a/app", "{}")).Body);
        Assert.Equal(
            [
                "registry", "imageName", "createdTime", "lastUpdateTime", "manifestCount", "tagCount", "blobCount", "storageSize", "owner", "contact", "description",
                "anonymousPullEnabled", "changeableAttributes",
            ],
            body.RootElement.EnumerateObject().Select(property => property.Name));
        Assert.Equal("2026-11-24T12:00:00.0000000Z", body.RootElement.GetProperty("createdTime").GetString());
        Assert.Equal("2026-11-24T13:00:00.0000000Z", body.RootElement.GetProperty("lastUpdateTime").GetString());
        Assert.Equal((1, 2), (body.RootElement.GetProperty("manifestCount").GetInt32(), body.RootElement.GetProperty("tagCount").GetInt32()));
    }

    [Theory]
    [InlineData("""{"anonymousPullEnabled":"yes"}""")]
    [InlineData("""{"deleteEnabled":"false"}""")]
    [InlineData("""{"deleteEnabled":null}""")]
    [InlineData("""{"deleteEnabled":false,"colour":true}""")]
    [InlineData("""{"owner":7}""")]
    [InlineData("""{"owner":"\ud800"}""")]
    [InlineData("""{"anonymousPullEnabled\ud800":true}""")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("")]
    public async Task A_setting_that_cannot_be_is_refused(string body)
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, "team-a/app", "v1");

        Assert.Equal(HttpStatusCode.BadRequest, (await PatchAsync(host.Client, "team-a/app", body)).Status);
    }

    [Fact]
    public async Task A_repository_is_opened_to_everybody_and_is_closed_again_with_its_deletion()
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, "public/tool", "1");
        using var anybody = host.WithoutCredential();
        var (status, body) = await PatchAsync(host.Client, "public/tool", """{"anonymousPullEnabled":true,"readEnabled":true}""");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("\"anonymousPullEnabled\":true", body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await anybody.GetManifestAsync("public/tool", "1"));

        using var answer = await host.Client.DeleteAsync(new Uri("/acr/v1/public/tool", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.EndsWith("\"tagsDeleted\":[\"1\"]}", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await PushAsync(host, "public/tool", "1");
        Assert.Equal(HttpStatusCode.Unauthorized, await anybody.GetManifestAsync("public/tool", "1"));
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.DeleteAsync(new Uri("/acr/v1/absent/app", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await PatchAsync(host.Client, "absent/app", "{}")).Status);
    }

    [Fact]
    public async Task Who_may_push_does_not_open_a_repository_to_everybody_but_who_manages_the_registry_does()
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, "team-a/app", "1");
        using var pusher = await host.SignedInAsync("pusher@example.test");
        await host.AssignAsync("pusher@example.test", "AcrPush");

        Assert.Equal(HttpStatusCode.Forbidden, (await PatchAsync(pusher, "team-a/app", """{"anonymousPullEnabled":true}""")).Status);
        using var anybody = host.WithoutCredential();
        Assert.Equal(HttpStatusCode.Unauthorized, await anybody.GetManifestAsync("team-a/app", "1"));
        Assert.Equal(HttpStatusCode.OK, (await PatchAsync(pusher, "team-a/app", """{"anonymousPullEnabled":false}""")).Status);

        await host.AssignAsync("pusher@example.test", "Contributor");
        Assert.Equal(HttpStatusCode.OK, (await PatchAsync(pusher, "team-a/app", """{"anonymousPullEnabled":true}""")).Status);
    }

    [Fact]
    public async Task Who_may_pull_neither_changes_nor_deletes_a_repository()
    {
        await using var host = await RegistryHost.StartAsync();
        await PushAsync(host, "team-a/app", "1");
        using var puller = await host.SignedInAsync("puller@example.test");
        await host.AssignAsync("puller@example.test", "AcrPull");

        Assert.Equal(HttpStatusCode.Forbidden, (await puller.DeleteAsync(new Uri("/acr/v1/team-a/app", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await PatchAsync(puller, "team-a/app", """{"anonymousPullEnabled":true}""")).Status);
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync("team-a/app", "1"));
    }

    private static async Task PushAsync(RegistryHost host, string repository, string tag)
    {
        await host.Client.PushBlobAsync(repository, Blob);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(repository, tag, RegistryClientExtensions.Image(Blob)));
    }

    private static async Task<(HttpStatusCode Status, string Body)> PatchAsync(HttpClient client, string repository, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await client.PatchAsync(new Uri($"/acr/v1/{repository}", UriKind.Relative), content);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}

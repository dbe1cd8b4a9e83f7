using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Distribution;

/// <summary>A principal that may read and write under <c>open/</c> and nowhere else, beside the owner.</summary>
public sealed class PartialRightsTests
{
    private static readonly byte[] Blob = "known by its digest"u8.ToArray();
    private static readonly Digest BlobDigest = Digest.Compute(DigestAlgorithm.Sha256, Blob);

    [Fact]
    public async Task A_mount_from_a_repository_that_one_may_not_pull_says_the_same_whatever_is_there()
    {
        await using var host = await RegistryHost.StartAsync();
        using var bob = await BobAsync(host);
        await host.Client.PushBlobAsync("secret/with", Blob);
        await host.Client.PushBlobAsync("secret/without", "something else"u8.ToArray());
        await host.Client.PushBlobAsync("open/without", "something else"u8.ToArray());

        var answers = new List<string>();
        foreach (var from in (string[])["secret/with", "secret/without", "secret/nowhere", "open/without", "open/nowhere"])
        {
            using var answer = await bob.PostAsync(new Uri($"/v2/open/target/blobs/uploads/?mount={BlobDigest}&from={from}", UriKind.Relative), null);
            Assert.Equal((from, HttpStatusCode.Accepted), (from, answer.StatusCode));
            answers.Add(await ShapeAsync(answer));
        }

        Assert.Single(answers.Distinct());
        Assert.Equal(HttpStatusCode.NotFound, await bob.HeadBlobAsync("open/target", BlobDigest));

        await host.Client.PushBlobAsync("open/with", Blob);
        Assert.Equal(HttpStatusCode.Created, await bob.MountAsync("open/target", BlobDigest, "open/with"));
        Assert.Equal(Blob, (await bob.GetBlobAsync("open/target", BlobDigest)).Body);
    }

    [Fact]
    public async Task A_mount_without_a_source_finds_what_one_may_read_and_nothing_else()
    {
        await using var host = await RegistryHost.StartAsync();
        using var bob = await BobAsync(host);

        // Neighbours of the range in byte order are no part of it.
        foreach (var hidden in (string[])["secret/app", "open", "open-air/app", "open0"])
        {
            Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync(hidden, Blob));
            Assert.Equal((hidden, HttpStatusCode.Accepted), (hidden, await bob.MountAsync("open/target", BlobDigest, from: null)));
            Assert.Equal(HttpStatusCode.NotFound, await bob.HeadBlobAsync("open/target", BlobDigest));
        }

        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("open/app", Blob));
        Assert.Equal(HttpStatusCode.Created, await bob.MountAsync("open/target", BlobDigest, from: null));
        Assert.Equal(Blob, (await bob.GetBlobAsync("open/target", BlobDigest)).Body);
    }

    [Fact]
    public async Task A_mount_into_a_repository_that_one_may_not_write_is_denied_whatever_one_may_read()
    {
        await using var host = await RegistryHost.StartAsync();
        using var bob = await BobAsync(host);
        await host.Client.PushBlobAsync("open/app", Blob);

        Assert.Equal(HttpStatusCode.Forbidden, await bob.MountAsync("secret/target", BlobDigest, "open/app"));
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.HeadBlobAsync("secret/target", BlobDigest));
    }

    [Fact]
    public async Task Knowing_a_digest_gives_nothing_that_one_may_not_read()
    {
        await using var host = await RegistryHost.StartAsync();
        using var bob = await BobAsync(host);
        await host.Client.PushBlobAsync("secret/app", Blob);
        await host.Client.PushBlobAsync("open/app", "something else"u8.ToArray());

        Assert.Equal(HttpStatusCode.NotFound, (await bob.GetBlobAsync("open/app", BlobDigest)).Status);
        Assert.Equal(HttpStatusCode.NotFound, await bob.HeadBlobAsync("open/app", BlobDigest));
        Assert.Equal(HttpStatusCode.Forbidden, (await bob.GetBlobAsync("secret/app", BlobDigest)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, await bob.PutManifestAsync("open/app", "latest", RegistryClientExtensions.Image(Blob)));
    }

    [Fact]
    public async Task The_catalog_lists_what_one_may_read()
    {
        await using var host = await RegistryHost.StartAsync();
        using var bob = await BobAsync(host);
        foreach (var repository in (string[])["open", "open/app", "open0", "secret/app"])
        {
            await host.Client.PushBlobAsync(repository, Blob);
            await host.Client.PutManifestAsync(repository, "latest", RegistryClientExtensions.Image(Blob));
        }

        Assert.Equal("""{"repositories":["open/app"]}""", await bob.GetStringAsync("/v2/_catalog"));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PATCH")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    public async Task An_upload_session_of_somebody_else_is_404_as_if_it_had_never_been(string method)
    {
        await using var host = await RegistryHost.StartAsync();
        using var bob = await BobAsync(host);
        var session = await BeginAsync(host.Client, "open/app", "first "u8.ToArray());
        var absent = session[..^32] + new string('0', 32);

        var (status, body) = await SendAsync(bob, method, session, "stolen"u8.ToArray());
        var (absentStatus, absentBody) = await SendAsync(bob, method, absent, "stolen"u8.ToArray());
        Assert.Equal((HttpStatusCode.NotFound, absentStatus), (status, absentStatus));
        Assert.Contains("BLOB_UPLOAD_UNKNOWN", body, StringComparison.Ordinal);
        Assert.Equal(absentBody.Replace(absent[^32..], session[^32..], StringComparison.Ordinal), body);

        // The session stands where it stood, and its owner goes on.
        using var stands = await host.Client.GetAsync(new Uri(session, UriKind.Relative));
        Assert.Equal((HttpStatusCode.NoContent, "0-5"), (stands.StatusCode, stands.Headers.GetValues("Range").Single()));
        var whole = "first second"u8.ToArray();
        (status, _) = await SendAsync(host.Client, "PUT", session, "second"u8.ToArray(), Digest.Compute(DigestAlgorithm.Sha256, whole));
        Assert.Equal(HttpStatusCode.Created, status);

        // Finished, it answers its own principal again, and still nobody else.
        (status, _) = await SendAsync(bob, "PUT", session, [], Digest.Compute(DigestAlgorithm.Sha256, whole));
        Assert.Equal(HttpStatusCode.NotFound, status);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PATCH")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    public async Task An_upload_session_in_a_repository_that_one_may_not_write_is_403_whether_there_is_one_or_not(string method)
    {
        await using var host = await RegistryHost.StartAsync();
        using var bob = await BobAsync(host);
        var session = await BeginAsync(host.Client, "secret/app", "first "u8.ToArray());

        var (status, body) = await SendAsync(bob, method, session, "stolen"u8.ToArray());
        var (absentStatus, absentBody) = await SendAsync(bob, method, session[..^32] + new string('0', 32), "stolen"u8.ToArray());
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (status, absentStatus));
        Assert.Contains("DENIED", body, StringComparison.Ordinal);
        Assert.Equal(absentBody, body);

        // Nor does its id help through a repository that one may write.
        (status, _) = await SendAsync(bob, method, session.Replace("/secret/", "/open/", StringComparison.Ordinal), "stolen"u8.ToArray());
        Assert.Equal(HttpStatusCode.NotFound, status);
        using var stands = await host.Client.GetAsync(new Uri(session, UriKind.Relative));
        Assert.Equal((HttpStatusCode.NoContent, "0-5"), (stands.StatusCode, stands.Headers.GetValues("Range").Single()));
    }

    [Fact]
    public async Task The_owner_has_no_part_in_the_session_of_another_principal_either()
    {
        await using var host = await RegistryHost.StartAsync();
        using var bob = await BobAsync(host);
        var session = await BeginAsync(bob, "open/app", "first "u8.ToArray());

        foreach (var method in (string[])["GET", "PATCH", "PUT", "DELETE"])
            Assert.Equal((method, HttpStatusCode.NotFound), (method, (await SendAsync(host.Client, method, session, [])).Status));
        Assert.Equal(HttpStatusCode.NoContent, (await bob.GetAsync(new Uri(session, UriKind.Relative))).StatusCode);
    }

    private static async Task<string> BeginAsync(HttpClient client, string repository, byte[] chunk)
    {
        using var start = await client.PostAsync(new Uri($"/v2/{repository}/blobs/uploads/", UriKind.Relative), null);
        var session = start.Headers.Location!.OriginalString;
        using var patch = await client.PatchAsync(new Uri(session, UriKind.Relative), new ByteArrayContent(chunk));
        Assert.Equal(HttpStatusCode.Accepted, patch.StatusCode);
        return session;
    }

    private static async Task<(HttpStatusCode Status, string Body)> SendAsync(HttpClient client, string method, string session, byte[] bytes, Digest? digest = null)
    {
        var target = method == "PUT" ? $"{session}?digest={digest ?? Digest.Compute(DigestAlgorithm.Sha256, bytes)}" : session;
        using var request = new HttpRequestMessage(new HttpMethod(method), target);
        if (method is "PATCH" or "PUT") request.Content = new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } };
        using var answer = await client.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>An answer without what differs with every request.</summary>
    private static async Task<string> ShapeAsync(HttpResponseMessage answer)
    {
        var id = answer.Headers.GetValues("Docker-Upload-UUID").Single();
        var text = new StringBuilder($"{(int)answer.StatusCode}\n");
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).OrderBy(h => h.Key, StringComparer.Ordinal))
        {
            if (name is not ("Date" or "X-Request-Id")) text.Append(name).Append(": ").AppendJoin(',', values).Append('\n');
        }

        return text.Append(await answer.Content.ReadAsStringAsync()).Replace(id, "ID").ToString();
    }

    // Bob has every right under open/ and may list the catalog.
    private static async Task<HttpClient> BobAsync(RegistryHost host)
    {
        var bob = await host.SignedInAsync("bob");
        await host.UseModeAsync(RoleAssignmentMode.AbacRepositoryPermissions);
        await host.AssignAsync(
            "bob", "Container Registry Repository Contributor",
            "@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringStartsWith 'open/'");
        await host.AssignAsync("bob", "Container Registry Repository Catalog Lister");
        return bob;
    }
}

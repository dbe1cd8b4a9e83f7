using System.Net;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Distribution;
using Berth.Registry.Lifecycle;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;

namespace Berth.Registry.Tests.Distribution;

/// <summary>A registry's dedicated data endpoint, as its readers and those who attack it meet it.</summary>
public sealed class DataEndpointTests
{
    private const string Repo = "team/app";
    private const string Enable = """{"properties":{"dataEndpointEnabled":true}}""";
    private const string Disable = """{"properties":{"dataEndpointEnabled":false}}""";

    private static readonly byte[] Blob = [.. Enumerable.Range(0, 10_000).Select(i => (byte)i)];
    private static readonly Digest BlobDigest = Digest.Compute(DigestAlgorithm.Sha256, Blob);
    private static readonly byte[] Other = "another blob"u8.ToArray();

    [Fact]
    public async Task A_reader_is_sent_to_the_data_endpoint_which_gives_the_blob_without_a_credential()
    {
        await using var host = await StartAsync();
        var link = await LinkAsync(host);

        Assert.Matches($"^http://local\\.[a-z0-9-]+\\.data\\.berth\\.localhost:{host.Client.BaseAddress!.Port}/v2/{Repo}/blobs/{BlobDigest}\\?link=[A-Za-z0-9_-]+$", link.OriginalString);
        Assert.Equal(await HostNameAsync(host), link.Host);
        using var whole = await FollowAsync(host, link);
        Assert.Equal(Blob, await whole.Content.ReadAsByteArrayAsync());
        Assert.Equal(BlobDigest.ToString(), whole.Headers.GetValues("Docker-Content-Digest").Single());
        using var part = await FollowAsync(host, link, range: "bytes=10-19");
        Assert.Equal((HttpStatusCode.PartialContent, "bytes 10-19/10000"), (part.StatusCode, part.Content.Headers.ContentRange!.ToString()));
        Assert.Equal(Blob[10..20], await part.Content.ReadAsByteArrayAsync());
        using var head = await FollowAsync(host, link, HttpMethod.Head);
        Assert.Equal((HttpStatusCode.OK, 10_000L), (head.StatusCode, head.Content.Headers.ContentLength));
    }

    [Fact]
    public async Task Only_reads_of_blobs_are_sent_there_and_only_while_it_is_enabled()
    {
        await using var host = await StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        Assert.Equal(HttpStatusCode.OK, await host.Client.HeadBlobAsync(Repo, BlobDigest));
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetBlobAsync(Repo, Digest.Compute(DigestAlgorithm.Sha256, "absent"u8))).Status);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, "v1", RegistryClientExtensions.Image(Blob)));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, "v1"));
        var link = await LinkAsync(host);

        var properties = (await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, Disable)).GetProperty("properties");
        Assert.Equal((false, 0), (properties.GetProperty("dataEndpointEnabled").GetBoolean(), properties.GetProperty("dataEndpointHostNames").GetArrayLength()));
        Assert.Equal(Blob, (await host.Client.GetBlobAsync(Repo, BlobDigest)).Body);
        await ExpectAsync(host, HttpStatusCode.NotFound, link);

        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, Enable);
        await ExpectAsync(host, HttpStatusCode.OK, link);
    }

    [Theory]
    [InlineData("GET", "/")]
    [InlineData("GET", "/v2/")]
    [InlineData("GET", "/v2")]
    [InlineData("GET", "/v2/_catalog")]
    [InlineData("GET", "/v2/team/app/manifests/v1?LINK")]
    [InlineData("GET", "/v2/team/app/tags/list?LINK")]
    [InlineData("POST", "/v2/team/app/blobs/uploads/?LINK")]
    [InlineData("GET", "/acr/v1/_catalog")]
    [InlineData("GET", "/oauth2/token?service=local.berth.localhost")]
    [InlineData("POST", "/oauth2/exchange")]
    [InlineData("GET", "/subscriptions?api-version=2022-12-01")]
    [InlineData("GET", "/.well-known/berth")]
    [InlineData("GET", "/tenant/v2.0/.well-known/openid-configuration")]
    [InlineData("GET", "/x/../v2/team/app/blobs/DIGEST?LINK")]
    public async Task Nothing_else_is_at_the_data_endpoint_even_for_the_owner(string method, string path)
    {
        await using var host = await StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var link = await LinkAsync(host);
        var target = path.Replace("LINK", link.Query[1..], StringComparison.Ordinal).Replace("DIGEST", BlobDigest.ToString(), StringComparison.Ordinal);
        foreach (var credential in (string?[])[null, host.Endpoint.PasswordHeader, "Bearer " + owner.Token])
        {
            var (status, body) = await RawAsync(host, method, target, link.Host, credential);
            Assert.True(status is 400 or 404, $"{status} {body}");
            Assert.DoesNotContain("WWW-Authenticate", body, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("PATCH")]
    [InlineData("OPTIONS")]
    [InlineData("POST")]
    public async Task A_link_reads_and_does_nothing_else(string method)
    {
        await using var host = await StartAsync();
        using var answer = await FollowAsync(host, await LinkAsync(host), new HttpMethod(method));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal(["GET", "HEAD"], answer.Content.Headers.Allow);
        Assert.Equal(HttpStatusCode.OK, await host.Client.HeadBlobAsync(Repo, BlobDigest));
    }

    [Fact]
    public async Task A_link_of_which_any_letter_is_another_is_refused()
    {
        await using var host = await StartAsync();
        var link = (await LinkAsync(host)).OriginalString;
        var start = link.IndexOf("link=", StringComparison.Ordinal) + "link=".Length;

        // The last letter has bits that say nothing.
        for (var at = start; at < link.Length - 1; at++)
        {
            var changed = $"{link[..at]}{(link[at] == 'A' ? 'B' : 'A')}{link[(at + 1)..]}";
            await ExpectAsync(host, HttpStatusCode.Forbidden, new Uri(changed));
        }

        foreach (var wrong in (string[])["", "A", link[start..^1], link[start..] + "A", new string('A', 98), new string('~', 98)])
            await ExpectAsync(host, HttpStatusCode.Forbidden, new Uri(link[..start] + Uri.EscapeDataString(wrong)));
        await ExpectAsync(host, HttpStatusCode.Forbidden, new Uri($"{link}&link={link[start..]}"));
        await ExpectAsync(host, HttpStatusCode.Forbidden, new Uri(link[..link.IndexOf('?', StringComparison.Ordinal)]));
        await ExpectAsync(host, HttpStatusCode.OK, new Uri(link));
    }

    [Fact]
    public async Task A_link_is_good_for_its_blob_in_its_repository_of_its_registry_alone()
    {
        await using var host = await StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync(Repo, Other));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("other/app", Blob));
        var link = (await LinkAsync(host)).OriginalString;
        await ExpectAsync(host, HttpStatusCode.Forbidden, new Uri(link.Replace(BlobDigest.ToString(), Digest.Compute(DigestAlgorithm.Sha256, Other).ToString(), StringComparison.Ordinal)));
        await ExpectAsync(host, HttpStatusCode.Forbidden, new Uri(link.Replace(Repo, "other/app", StringComparison.Ordinal)));

        // The other registry holds the same blob under the same name, and the link's holder may pull it there.
        var made = await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Registries + "/second", """{"sku":{"name":"Premium"},"properties":{"dataEndpointEnabled":true}}""");
        var second = made.GetProperty("properties").GetProperty("dataEndpointHostNames")[0].GetString()!;
        using var push = new HttpRequestMessage(HttpMethod.Post, $"/v2/{Repo}/blobs/uploads/?digest={BlobDigest}") { Content = new ByteArrayContent(Blob) };
        push.Headers.Host = "second.berth.localhost";
        push.Headers.TryAddWithoutValidation("Authorization", host.Endpoint.PasswordHeader);
        Assert.Equal(HttpStatusCode.Created, (await host.Client.SendAsync(push)).StatusCode);
        await ExpectAsync(host, HttpStatusCode.Forbidden, new Uri(link.Replace(new Uri(link).Host, second, StringComparison.Ordinal)));

        // Nor for a registry that gets the name later.
        Assert.StartsWith("second.", second, StringComparison.Ordinal);
        using var get = new HttpRequestMessage(HttpMethod.Get, $"/v2/{Repo}/blobs/{BlobDigest}");
        get.Headers.Host = "second.berth.localhost";
        get.Headers.TryAddWithoutValidation("Authorization", host.Endpoint.PasswordHeader);
        var given = (await SendWithoutFollowingAsync(host, get)).Headers.Location!;
        await ExpectAsync(host, HttpStatusCode.OK, given);
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", ControlClient.Registries + "/second");
        await ExpectAsync(host, HttpStatusCode.NotFound, given);
        await owner.ExpectAsync(HttpStatusCode.Created, "PUT", ControlClient.Registries + "/second", """{"sku":{"name":"Premium"},"properties":{"dataEndpointEnabled":true}}""");
        await ExpectAsync(host, HttpStatusCode.Forbidden, given);
    }

    [Fact]
    public async Task A_link_ends_after_its_time_and_never_outlives_the_promise_of_the_bytes()
    {
        await using var host = await StartAsync();
        var link = await LinkAsync(host);
        host.Time.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromSeconds(1));
        await ExpectAsync(host, HttpStatusCode.OK, link);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        await ExpectAsync(host, HttpStatusCode.Forbidden, link);

        await using var hasty = await StartAsync(new RegistryOptions { Lifecycle = new LifecycleOptions { Grace = TimeSpan.FromMinutes(8) } });
        link = await LinkAsync(hasty);
        hasty.Time.Advance(TimeSpan.FromMinutes(2) - TimeSpan.FromSeconds(1));
        await ExpectAsync(hasty, HttpStatusCode.OK, link);
        hasty.Time.Advance(TimeSpan.FromSeconds(1));
        await ExpectAsync(hasty, HttpStatusCode.Forbidden, link);
    }

    [Fact]
    public async Task A_link_ends_with_the_token_that_it_was_given_for()
    {
        await using var host = await StartAsync();
        using var person = host.ClientOf("owner", RegistryHost.Password);
        var token = await Identity.RegistryTokens.TokenAsync(person, $"repository:{Repo}:pull");
        var lifetime = Identity.RegistryTokens.Claims(token).GetProperty("exp").GetInt64() - host.Time.GetUtcNow().ToUnixTimeSeconds();
        using var bearer = host.BearerOf(token);
        host.Time.Advance(TimeSpan.FromSeconds(lifetime - 60));
        var link = await LinkAsync(bearer);
        host.Time.Advance(TimeSpan.FromSeconds(59));
        await ExpectAsync(host, HttpStatusCode.OK, link);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        await ExpectAsync(host, HttpStatusCode.Forbidden, link);
    }

    [Fact]
    public async Task A_link_ends_with_the_rights_and_the_account_of_whom_it_was_given_to()
    {
        await using var host = await StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        using var ann = await host.SignedInAsync("ann");
        var assignment = await host.AssignAsync("ann", "AcrPull");
        var link = await LinkAsync(ann);
        await ExpectAsync(host, HttpStatusCode.OK, link);

        // Without the role the same account is refused at once, and the denial has its name.
        await owner.ExpectAsync(HttpStatusCode.OK, "DELETE", $"{ControlClient.Local}/providers/Microsoft.Authorization/roleAssignments/{assignment}");
        await ExpectAsync(host, HttpStatusCode.Forbidden, link);
        var denials = await owner.ExpectAsync(HttpStatusCode.OK, "GET", "/berth/v1/registries/local/access/denials");
        Assert.Contains(denials.GetProperty("value").EnumerateArray(), denial => denial.GetProperty("actor").GetString() == "ann");

        // With the role again it is the same right again; a new password makes it another account.
        await host.AssignAsync("ann", "AcrPull");
        await ExpectAsync(host, HttpStatusCode.OK, link);
        await host.SignedInAsync("ann");
        await ExpectAsync(host, HttpStatusCode.Forbidden, link);

        using var again = host.ClientOf("ann", "a password of its own");
        link = await LinkAsync(again);
        var record = (await host.Metadata.FindPrincipalAsync("ann", CancellationToken.None))!;
        await host.Metadata.UpdatePrincipalAsync(record.Id, new PrincipalChanges(Enabled: false), Caller.System, CancellationToken.None);
        await ExpectAsync(host, HttpStatusCode.Forbidden, link);
        await host.Metadata.DeletePrincipalAsync(record.Id, Caller.System, CancellationToken.None);
        await ExpectAsync(host, HttpStatusCode.Forbidden, link);
    }

    [Fact]
    public async Task A_link_of_anybody_is_good_while_anybody_may_pull()
    {
        await using var host = await StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"anonymousPullEnabled":true}}""");
        using var anybody = host.WithoutCredential();
        var link = await LinkAsync(anybody);
        await ExpectAsync(host, HttpStatusCode.OK, link);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"anonymousPullEnabled":false}}""");
        await ExpectAsync(host, HttpStatusCode.Forbidden, link);
    }

    [Fact]
    public async Task A_link_to_a_blob_that_was_deleted_or_locked_meanwhile_gives_nothing()
    {
        await using var host = await StartAsync();
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync(Repo, Other));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, "v1", RegistryClientExtensions.Image(Other)));
        var link = await LinkAsync(host);
        using (var locked = await host.Client.PatchAsync(new Uri($"/acr/v1/{Repo}", UriKind.Relative), Json("""{"readEnabled":false}"""))) Assert.Equal(HttpStatusCode.OK, locked.StatusCode);
        await ExpectAsync(host, HttpStatusCode.Forbidden, link);
        using (var unlocked = await host.Client.PatchAsync(new Uri($"/acr/v1/{Repo}", UriKind.Relative), Json("""{"readEnabled":true}"""))) Assert.Equal(HttpStatusCode.OK, unlocked.StatusCode);
        await ExpectAsync(host, HttpStatusCode.OK, link);

        Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteBlobAsync(Repo, BlobDigest));
        await ExpectAsync(host, HttpStatusCode.NotFound, link);
    }

    [Fact]
    public async Task The_network_rules_stand_in_front_of_the_data_endpoint_too()
    {
        await using var host = await StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var link = await LinkAsync(host);
        await owner.ExpectAsync(
            HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"properties":{"networkRuleSet":{"defaultAction":"Deny","ipRules":[{"value":"127.0.0.2"}]}}}""");
        await ExpectAsync(host, HttpStatusCode.Forbidden, link);
        await ExpectAsync(host, HttpStatusCode.OK, link, from: "127.0.0.2");
        await ExpectAsync(host, HttpStatusCode.Forbidden, new Uri($"{link.GetLeftPart(UriPartial.Authority)}/v2/a//b"));
        await ExpectAsync(host, HttpStatusCode.BadRequest, new Uri($"{link.GetLeftPart(UriPartial.Authority)}/v2/a//b"), from: "127.0.0.2");
    }

    [Theory]
    [InlineData("data.berth.localhost")]
    [InlineData("local.data.berth.localhost")]
    [InlineData("local.elsewhere.data.berth.localhost")]
    [InlineData("absent.local.data.berth.localhost")]
    [InlineData("a.local.local.data.berth.localhost")]
    [InlineData(".local.data.berth.localhost")]
    [InlineData("..data.berth.localhost")]
    public async Task Other_hosts_below_its_name_are_nobodys(string name)
    {
        await using var host = await StartAsync();
        var link = await LinkAsync(host);
        var (status, _) = await RawAsync(host, "GET", link.PathAndQuery, name, null);
        Assert.True(status is 404 or 400, $"{status}");
    }

    [Theory]
    [InlineData("East US 2", "eastus2")]
    [InlineData("home", "home")]
    [InlineData("-a b-", "ab")]
    [InlineData("a--b", "a--b")]
    [InlineData("- -", "global")]
    [InlineData("", "global")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void A_location_is_one_label_of_the_host(string location, string label) => Assert.Equal(label, PublicNames.LocationLabel(location));

    [Fact]
    public async Task Case_and_a_dot_at_the_end_make_no_other_host()
    {
        await using var host = await StartAsync();
        var link = await LinkAsync(host);
        foreach (var name in (string[])[link.Host.ToUpperInvariant(), link.Host + ".", $"{link.Host}:443"])
            Assert.Equal(200, (await RawAsync(host, "GET", link.PathAndQuery, name, null)).Status);
    }

    [Fact]
    public async Task Links_survive_a_change_of_keys_and_end_with_the_keys()
    {
        await using var host = await StartAsync();
        var link = await LinkAsync(host);
        host.Time.Advance(LinkKeys.Lifetime);
        var first = await LinkAsync(host);
        await ExpectAsync(host, HttpStatusCode.OK, first);
        host.Time.Advance(TimeSpan.FromMinutes(2));
        var second = await LinkAsync(host);
        Assert.NotEqual(first.Query[6..20], second.Query[6..20]);
        await ExpectAsync(host, HttpStatusCode.OK, first);
        await ExpectAsync(host, HttpStatusCode.OK, second);

        Assert.Equal(2, await host.TamperAsync("DELETE FROM signing_keys WHERE issuer = 'links'"));
        host.Time.Advance(TimeSpan.FromMinutes(1));
        await ExpectAsync(host, HttpStatusCode.Forbidden, second);
        await ExpectAsync(host, HttpStatusCode.OK, await LinkAsync(host));
        await ExpectAsync(host, HttpStatusCode.Forbidden, link);
    }

    private static async Task<RegistryHost> StartAsync(RegistryOptions? options = null)
    {
        var host = await RegistryHost.StartAsync(options: options);
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, Enable);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync(Repo, Blob));
        return host;
    }

    private static async Task<string> HostNameAsync(RegistryHost host)
    {
        using var owner = await ControlClient.OfOwnerAsync(host);
        var properties = (await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local)).GetProperty("properties");
        Assert.True(properties.GetProperty("dataEndpointEnabled").GetBoolean());
        return Assert.Single(properties.GetProperty("dataEndpointHostNames").EnumerateArray()).GetString()!;
    }

    // What the login server answers; the handler would follow to a name that not every resolver knows.
    private static async Task<Uri> LinkAsync(RegistryHost host)
    {
        using var owner = host.ClientOf("owner", RegistryHost.Password);
        return await LinkAsync(owner);
    }

    private static async Task<Uri> LinkAsync(HttpClient client)
    {
        using var plain = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = client.BaseAddress };
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v2/{Repo}/blobs/{BlobDigest}");
        if (client.DefaultRequestHeaders.Authorization is { } credential) request.Headers.Authorization = credential;
        using var answer = await plain.SendAsync(request);
        Assert.Equal(HttpStatusCode.TemporaryRedirect, answer.StatusCode);
        Assert.Equal((BlobDigest.ToString(), "no-store"), (answer.Headers.GetValues("Docker-Content-Digest").Single(), answer.Headers.CacheControl!.ToString()));
        Assert.Equal(0, answer.Content.Headers.ContentLength);
        return answer.Headers.Location!;
    }

    private static async Task<HttpResponseMessage> SendWithoutFollowingAsync(RegistryHost host, HttpRequestMessage request)
    {
        using var plain = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = host.Client.BaseAddress };
        return await plain.SendAsync(request);
    }

    private static async Task<HttpResponseMessage> FollowAsync(RegistryHost host, Uri link, HttpMethod? method = null, string? range = null, string from = "127.0.0.1")
    {
        using var client = host.From(from);
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, new Uri(host.Client.BaseAddress!, link.PathAndQuery));
        request.Headers.Host = link.Authority;
        if (range is not null) request.Headers.TryAddWithoutValidation("Range", range);
        var answer = await client.SendAsync(request);
        await answer.Content.LoadIntoBufferAsync();
        return answer;
    }

    private static async Task ExpectAsync(RegistryHost host, HttpStatusCode status, Uri link, string from = "127.0.0.1")
    {
        using var answer = await FollowAsync(host, link, from: from);
        var body = await answer.Content.ReadAsByteArrayAsync();
        Assert.True(status == answer.StatusCode, $"{link}: {answer.StatusCode} {(answer.IsSuccessStatusCode ? "" : System.Text.Encoding.UTF8.GetString(body))}");
        Assert.Empty(answer.Headers.WwwAuthenticate);
        if (status == HttpStatusCode.OK) Assert.Equal(Blob, body);
    }

    private static async Task<(int Status, string Body)> RawAsync(RegistryHost host, string method, string target, string name, string? credential)
    {
        using var connection = new System.Net.Sockets.TcpClient();
        await connection.ConnectAsync(IPAddress.Loopback, host.Client.BaseAddress!.Port);
        await using var stream = connection.GetStream();
        var authorization = credential is null ? "" : $"Authorization: {credential}\r\n";
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"{method} {target} HTTP/1.1\r\nHost: {name}\r\n{authorization}Content-Length: 0\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
        var text = await reader.ReadToEndAsync();
        return (int.Parse(text.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), text);
    }

    private static StringContent Json(string body) => new(body, System.Text.Encoding.UTF8, "application/json");
}

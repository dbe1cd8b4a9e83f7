using System.Net;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Identity;

/// <summary>Who pulls what, as an auditor is told.</summary>
public sealed class ConsumersTests
{
    private const string Prefix = "/berth/v1/registries/local/access/consumers?";
    private static readonly byte[] Image = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"""u8.ToArray();
    private static readonly Digest ImageDigest = Digest.Compute(DigestAlgorithm.Sha256, Image);

    [Fact]
    public async Task Pulls_are_told_by_manifest_principal_address_and_program_with_how_often_and_when_last()
    {
        await using var host = await StartAsync();
        using var ann = await AnnAsync(host);
        ann.DefaultRequestHeaders.UserAgent.ParseAdd("containerd/2.0");
        for (var i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.OK, await ann.GetManifestAsync("team-a/app", "v1"));
        Assert.Equal(HttpStatusCode.OK, (await ann.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/v2/team-a/app/manifests/v1"))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, await ann.GetManifestAsync("team-a/app", "absent"));
        Assert.Equal(HttpStatusCode.OK, (await ann.GetAsync("/v2/team-a/app/tags/list")).StatusCode);
        host.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.OK, await ann.GetManifestAsync("team-a/app", ImageDigest.ToString()));

        var entry = Assert.Single(await ListAsync(host, "repository=team-a/app"));
        Assert.Equal(
            ("team-a/app", ImageDigest.ToString(), "ann@example.test", "127.0.0.1", "containerd/2.0"),
            (Text(entry, "repository"), Text(entry, "digest"), Text(entry, "principal"), Text(entry, "address"), Text(entry, "userAgent")));
        Assert.Equal(4, entry.GetProperty("count").GetInt64());
        Assert.Equal(host.Time.GetUtcNow().AddMinutes(-1), entry.GetProperty("firstPulledAt").GetDateTimeOffset());
        Assert.Equal(host.Time.GetUtcNow(), entry.GetProperty("lastPulledAt").GetDateTimeOffset());
    }

    [Fact]
    public async Task The_list_is_narrowed_by_repository_digest_principal_and_time()
    {
        await using var host = await StartAsync();
        using var ann = await AnnAsync(host);
        await ann.GetManifestAsync("team-a/app", "v1");
        host.Time.Advance(TimeSpan.FromHours(1));
        await host.Client.GetManifestAsync("team-b/app", "v1");
        var since = Uri.EscapeDataString(host.Time.GetUtcNow().ToString("O"));

        Assert.Equal(["ann@example.test", "owner"], (await ListAsync(host, "")).Select(e => Text(e, "principal")));
        Assert.Equal(["team-b/app"], (await ListAsync(host, "repository=team-b/app")).Select(e => Text(e, "repository")));
        Assert.Equal(["team-a/app"], (await ListAsync(host, "principal=ann@example.test")).Select(e => Text(e, "repository")));
        var id = (await host.Metadata.FindPrincipalAsync("ann@example.test", CancellationToken.None))!.ObjectId;
        Assert.Equal(["team-a/app"], (await ListAsync(host, $"principal={id}")).Select(e => Text(e, "repository")));
        Assert.Equal(["team-b/app"], (await ListAsync(host, $"since={since}")).Select(e => Text(e, "repository")));
        Assert.Single(await ListAsync(host, $"repository=team-a/app&digest={ImageDigest}"));
        Assert.Empty(await ListAsync(host, $"repository=team-a/app&digest={Digest.Compute(DigestAlgorithm.Sha256, "x"u8)}"));
        Assert.Empty(await ListAsync(host, "principal="));
        foreach (var bad in new[] { "repository=UPPER", "digest=x&repository=a", $"digest={ImageDigest}", "since=yesterday", "$skiptoken=e30=", "$skiptoken=%25" })
        {
            using var auditor = await EvidenceTests.SignedInToControlAsync(host, "owner");
            Assert.Equal((bad, HttpStatusCode.BadRequest), (bad, (await auditor.GetAsync(Prefix + bad)).StatusCode));
        }
    }

    [Fact]
    public async Task Pulls_without_credentials_are_of_nobody_and_what_a_program_calls_itself_is_cleaned()
    {
        await using var host = await StartAsync();
        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        await host.Metadata.UpdateRegistryAsync(registry!.Id, new RegistryChanges(AnonymousPullEnabled: true), Caller.System, CancellationToken.None);
        using var anybody = host.WithoutCredential();
        anybody.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", "docker/29.0.1 =cmd");
        Assert.Equal(HttpStatusCode.OK, await anybody.GetManifestAsync("team-a/app", "v1"));

        var entry = Assert.Single(await ListAsync(host, "principal="));
        Assert.Equal(("", "anybody", "docker"), (Text(entry, "principal"), Text(entry, "displayName"), Text(entry, "userAgent")));
        Assert.Equal(200, UserAgent.Clean($"=cmd {new string('x', 500)}").Length);
        Assert.Equal("a?b?c", UserAgent.Clean("a\u001bb\u202ec"));
        Assert.Equal("", UserAgent.Clean(null));
    }

    [Fact]
    public async Task What_is_stored_is_told_also_when_nothing_can_be_written()
    {
        await using var host = await StartAsync();
        using var ann = await AnnAsync(host);
        Assert.Equal(HttpStatusCode.OK, await ann.GetManifestAsync("team-a/app", "v1"));
        Assert.Single(await ListAsync(host, "principal=ann@example.test"));
        string[] changes = ["INSERT ON consumers", "UPDATE ON consumers", "UPDATE ON passwords", "INSERT ON access_events"];
        foreach (var change in changes) await host.RefuseAsync(change);
        Assert.Equal(HttpStatusCode.OK, await ann.GetManifestAsync("team-a/app", "v1"));
        await ann.GetManifestAsync("absent/app", "v1");

        Assert.Single(await ListAsync(host, "principal=ann@example.test"));
        using var auditor = await EvidenceTests.SignedInToControlAsync(host, "owner");
        foreach (var question in new[] { "credentials", "denials", "logins" })
            Assert.Equal((question, HttpStatusCode.OK), (question, (await auditor.GetAsync($"/berth/v1/registries/local/access/{question}")).StatusCode));
        foreach (var change in changes) await host.AllowAsync(change);
        Assert.Equal(2, Assert.Single(await ListAsync(host, "principal=ann@example.test")).GetProperty("count").GetInt64());
    }

    [Fact]
    public async Task A_long_list_comes_in_pages()
    {
        await using var host = await StartAsync();
        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        var now = host.Time.GetUtcNow();
        for (var at = 0; at < 1_100; at += 100)
        {
            var pulls = Enumerable.Range(at, 100).Select(i => new ConsumerRecord(
                registry!.Id, RepositoryName.Parse("team-a/app"), ImageDigest, $"p{i:D5}", "192.0.2.1", "ctr", 1, now, now));
            await host.Metadata.AddConsumersAsync([.. pulls], CancellationToken.None);
        }

        using var auditor = await EvidenceTests.SignedInToControlAsync(host, "owner");
        using var first = JsonDocument.Parse(await auditor.GetStringAsync(Prefix + "repository=team-a/app"));
        var next = new Uri(first.RootElement.GetProperty("nextLink").GetString()!);
        Assert.Equal(("https://arm.berth.localhost", 1_000), (next.GetLeftPart(UriPartial.Authority), first.RootElement.GetProperty("value").GetArrayLength()));
        using var second = JsonDocument.Parse(await auditor.GetStringAsync(next.PathAndQuery));
        Assert.Equal("p01000", Text(second.RootElement.GetProperty("value")[0], "principal"));
        Assert.Equal((100, false), (second.RootElement.GetProperty("value").GetArrayLength(), second.RootElement.TryGetProperty("nextLink", out _)));
    }

    [Fact]
    public async Task What_a_program_calls_itself_shows_as_what_it_is()
    {
        await using var host = await StartAsync();
        using var ann = await AnnAsync(host);
        using var handler = new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => System.Text.Encoding.UTF8 };
        using var client = new HttpClient(handler) { BaseAddress = ann.BaseAddress };
        client.DefaultRequestHeaders.Authorization = ann.DefaultRequestHeaders.Authorization;
        client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", "tëst/1 \u202egnp.exe\u200b");
        Assert.Equal(HttpStatusCode.OK, await client.GetManifestAsync("team-a/app", "v1"));

        Assert.Equal("tëst/1 ?gnp.exe?", Text(Assert.Single(await ListAsync(host, "principal=ann@example.test")), "userAgent"));
    }

    [Fact]
    public async Task Only_who_may_read_assignments_is_told_and_the_refusal_is_evidence_too()
    {
        await using var host = await StartAsync();
        using var ann = await AnnAsync(host);
        using var control = await EvidenceTests.SignedInToControlAsync(host, "ann@example.test");
        Assert.Equal(HttpStatusCode.Forbidden, (await control.GetAsync(Prefix)).StatusCode);

        using var auditor = await EvidenceTests.SignedInToControlAsync(host, "owner");
        using var denials = JsonDocument.Parse(await auditor.GetStringAsync("/berth/v1/registries/local/access/denials"));
        var denial = Assert.Single(denials.RootElement.GetProperty("value").EnumerateArray());
        Assert.Equal(("ann@example.test", "Microsoft.Authorization/roleAssignments/read"), (Text(denial, "actor"), Text(denial, "reason")));
    }

    private static async Task<RegistryHost> StartAsync()
    {
        var host = await RegistryHost.StartAsync();
        foreach (var repository in new[] { "team-a/app", "team-b/app" })
            Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(repository, "v1", Image, MediaTypes.OciIndex));
        return host;
    }

    private static async Task<HttpClient> AnnAsync(RegistryHost host)
    {
        var ann = await host.SignedInAsync("ann@example.test");
        await host.AssignAsync("ann@example.test", "AcrPull");
        return ann;
    }

    private static async Task<List<JsonElement>> ListAsync(RegistryHost host, string query)
    {
        using var auditor = await EvidenceTests.SignedInToControlAsync(host, "owner");
        using var answer = JsonDocument.Parse(await auditor.GetStringAsync(Prefix + query));
        return [.. answer.RootElement.GetProperty("value").Clone().EnumerateArray()];
    }

    private static string? Text(JsonElement e, string name) => e.GetProperty(name).GetString();
}

using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Network;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;

namespace Berth.Registry.Tests.Network;

/// <summary>What is said about network rules before they are set.</summary>
public sealed class NetworkDryRunTests
{
    private const string DryRun = ControlClient.Local + "/dryRunNetworkRules";
    private const string DenyAllBut2 = """{"properties":{"networkRuleSet":{"defaultAction":"Deny","ipRules":[{"value":"127.0.0.2"}]}}}""";
    private static readonly byte[] Image = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"""u8.ToArray();

    [Fact]
    public async Task Those_seen_lately_from_addresses_that_would_be_denied_are_named_and_nothing_changes()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await host.Client.PutManifestAsync("team/app", "v1", Image, MediaTypes.OciIndex);
        foreach (var source in new[] { "127.0.0.2", "127.0.0.3", "127.0.0.4" }) await PullAsync(host, source);
        host.Time.Advance(TimeSpan.FromMinutes(2));
        await PullAsync(host, "127.0.0.4");

        var outcome = await owner.ExpectAsync(HttpStatusCode.OK, "POST", DryRun, DenyAllBut2);
        Assert.Equal(
            [("owner", "127.0.0.4", false), ("owner", "127.0.0.1", false), ("owner", "127.0.0.3", false)],
            Callers(outcome));
        Assert.Equal(host.Time.GetUtcNow(), outcome.GetProperty("value")[0].GetProperty("lastSeenAt").GetDateTimeOffset());
        Assert.Equal(("127.0.0.1", true, false), CallerOf(outcome));
        Assert.False(outcome.TryGetProperty("nextLink", out _));
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetAsync("/v2/")).StatusCode);
        Assert.Equal("{}", (await host.Metadata.FindRegistryAsync("local", CancellationToken.None))!.Properties);
    }

    [Fact]
    public async Task The_proposal_stands_on_the_rules_there_are_and_names_those_alone_who_are_let_in_now()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await host.Client.PutManifestAsync("team/app", "v1", Image, MediaTypes.OciIndex);
        foreach (var source in new[] { "127.0.0.2", "127.0.0.3" }) await PullAsync(host, source);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, DenyAllBut2);

        Assert.Empty(Callers(await owner.ExpectAsync(HttpStatusCode.OK, "POST", DryRun, "{}")));
        var closed = await owner.ExpectAsync(HttpStatusCode.OK, "POST", DryRun, """{"properties":{"publicNetworkAccess":"Disabled"}}""");
        Assert.Equal([("owner", "127.0.0.2", false)], Callers(closed));
        var opened = await owner.ExpectAsync(HttpStatusCode.OK, "POST", DryRun, """{"properties":{"networkRuleSet":{"ipRules":[{"value":"127.0.0.0/8"}]}}}""");
        Assert.Empty(Callers(opened));
        Assert.Equal(("127.0.0.1", false, true), CallerOf(opened));
    }

    [Fact]
    public async Task Addresses_that_are_kept_in_part_are_named_where_they_say_too_little()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await host.Client.PutManifestAsync("team/app", "v1", Image, MediaTypes.OciIndex);
        await AddPullsAsync(host, ["2001:db8::/64", "2001:db8:1::/64", "-", IConsumers.Others]);

        const string Proposal = """{"properties":{"networkRuleSet":{"defaultAction":"Deny","ipRules":[{"value":"2001:db8::/48"},{"value":"127.0.0.1"}]}}}""";
        var outcome = await owner.ExpectAsync(HttpStatusCode.OK, "POST", DryRun, Proposal);
        Assert.Equal([("", "(others)", null), ("", "-", null), ("", "2001:db8:1::/64", false)], Callers(outcome).OrderBy(caller => caller.Address, StringComparer.Ordinal));
        Assert.Empty(Callers(await owner.ExpectAsync(HttpStatusCode.OK, "POST", DryRun, """{"properties":{"networkRuleSet":{"defaultAction":"Allow"}}}""")));
    }

    [Fact]
    public async Task Many_come_in_pages_and_those_of_long_ago_not_at_all()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await host.Client.PutManifestAsync("team/app", "v1", Image, MediaTypes.OciIndex);
        var addresses = Enumerable.Range(0, NetworkDryRun.PageSize + 20).Select(i => $"10.0.{i / 256}.{i % 256}").ToList();
        foreach (var some in addresses.Chunk(250)) await AddPullsAsync(host, some, principal: some[0]);

        var found = new List<string>();
        for (string? path = DryRun; path is not null;)
        {
            var page = await owner.ExpectAsync(HttpStatusCode.OK, "POST", path, DenyAllBut2);
            found.AddRange(Callers(page).Select(caller => caller.Address));
            Assert.True(page.GetProperty("value").GetArrayLength() <= NetworkDryRun.PageSize + 1);
            path = page.TryGetProperty("nextLink", out var next) ? new Uri(next.GetString()!).PathAndQuery.Replace("api-version=2023-07-01&", "", StringComparison.Ordinal) : null;
        }

        Assert.Equal(addresses.Order(StringComparer.Ordinal), found.Where(address => address != "127.0.0.1").Order(StringComparer.Ordinal));
        await owner.ExpectErrorAsync(400, "InvalidSkipToken", "POST", DryRun + "?$skiptoken=e30=", DenyAllBut2);
        host.Time.Advance(TimeSpan.FromDays(31));
        using var later = await ControlClient.OfOwnerAsync(host);
        Assert.Empty(Callers(await later.ExpectAsync(HttpStatusCode.OK, "POST", DryRun, DenyAllBut2)));
    }

    [Theory]
    [InlineData("""{"properties":{"networkRuleSet":{"ipRules":[{"value":"nowhere"}]}}}""", "ipRules[0].value")]
    [InlineData("""{"properties":{"adminUserEnabled":true}}""", "properties.adminUserEnabled")]
    [InlineData("""{"networkRuleSet":{}}""", "networkRuleSet")]
    public async Task A_proposal_is_read_as_strictly_as_a_change(string body, string named)
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var (status, answer) = await owner.SendAsync("POST", DryRun, body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(named, answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_may_only_read_may_not_ask()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var (ann, id) = await ControlClient.NewUserAsync(host, "ann@example.test");
        await owner.AssignAsync(ControlClient.Local, ControlClient.Reader, id);
        await ann.ExpectErrorAsync(403, "AuthorizationFailed", "POST", DryRun, DenyAllBut2);
        await owner.AssignAsync(ControlClient.Local, ControlClient.Contributor, id);
        await ann.ExpectAsync(HttpStatusCode.OK, "POST", DryRun, DenyAllBut2);
        ann.Dispose();
    }

    private static async Task PullAsync(RegistryHost host, string source)
    {
        using var client = host.From(source);
        client.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse(host.Endpoint.PasswordHeader);
        Assert.Equal(HttpStatusCode.OK, await client.GetManifestAsync("team/app", "v1"));
    }

    private static async Task AddPullsAsync(RegistryHost host, IEnumerable<string> addresses, string principal = "")
    {
        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        var (digest, now) = (Digest.Compute(DigestAlgorithm.Sha256, Image), host.Time.GetUtcNow());
        var pulls = addresses.Select(address => new ConsumerRecord(registry!.Id, RepositoryName.Parse("team/app"), digest, principal, address, "docker", 1, now, now));
        await host.Metadata.AddConsumersAsync([.. pulls], CancellationToken.None);
    }

    private static List<(string Principal, string Address, bool? Allowed)> Callers(JsonElement outcome) =>
    [
        .. outcome.GetProperty("value").EnumerateArray()
            .Select(caller => (caller.GetProperty("principal").GetString()!, caller.GetProperty("address").GetString()!, Flag(caller, "allowed"))),
    ];

    private static (string? Address, bool? AllowedNow, bool? Allowed) CallerOf(JsonElement outcome)
    {
        var caller = outcome.GetProperty("caller");
        return (caller.GetProperty("address").GetString(), Flag(caller, "allowedNow"), Flag(caller, "allowed"));
    }

    private static bool? Flag(JsonElement value, string name) => value.GetProperty(name).ValueKind == JsonValueKind.Null ? null : value.GetProperty(name).GetBoolean();
}

using System.Net;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity;
using Berth.Registry.Network;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Management;

/// <summary>The settings of a registry that its features keep: stored, shown, changed beside each other.</summary>
public sealed class RegistrySettingsTests
{
    [Fact]
    public async Task A_change_of_the_rules_leaves_what_it_does_not_name_and_is_shown_as_it_was_written()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await PatchAsync(owner, """{"networkRuleSet":{"ipRules":[{"value":"127.0.0.1"},{"action":"allow","value":"2001:DB8::/32"},{"value":"127.0.0.1/32"}]}}""");
        await PatchAsync(owner, """{"networkRuleSet":{"defaultAction":"deny"}}""");
        await PatchAsync(owner, """{"networkRuleSet":{"virtualNetworkRules":[]},"networkRuleBypassOptions":"none"}""");
        var shown = await PatchAsync(owner, """{"adminUserEnabled":true}""");

        var rules = shown.GetProperty("networkRuleSet");
        Assert.Equal("Deny", rules.GetProperty("defaultAction").GetString());
        Assert.Equal(
            [("Allow", "127.0.0.1"), ("Allow", "2001:DB8::/32")],
            rules.GetProperty("ipRules").EnumerateArray().Select(rule => (rule.GetProperty("action").GetString()!, rule.GetProperty("value").GetString()!)));
        Assert.Empty(rules.GetProperty("virtualNetworkRules").EnumerateArray());
        Assert.Equal(("None", "Enabled"), (shown.GetProperty("networkRuleBypassOptions").GetString(), shown.GetProperty("publicNetworkAccess").GetString()));

        // What was read may be written back as it is, and is no change.
        var before = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        await owner.ExpectAsync(HttpStatusCode.OK, "PUT", ControlClient.Local, $$"""{"properties":{{shown.GetRawText()}} }""");
        Assert.Equal(before, await host.Metadata.FindRegistryAsync("local", CancellationToken.None));
    }

    [Fact]
    public async Task A_bad_rule_changes_nothing()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await owner.ExpectErrorAsync(
            400, "InvalidIpRule", "PATCH", ControlClient.Local,
            """{"tags":{"a":"b"},"properties":{"networkRuleSet":{"defaultAction":"Deny","ipRules":[{"value":"127.0.0.1"},{"value":"127.0.0.1/8"}]}}}""");
        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        Assert.Equal(("{}", "{}"), (registry!.Properties, registry.Tags));
    }

    [Fact]
    public async Task Changes_at_the_same_time_all_stay()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        for (var round = 0; round < 5; round++)
        {
            var (word, action, status) = round % 2 == 0 ? ("Disabled", "Deny", "disabled") : ("Enabled", "Allow", "enabled");
            await Task.WhenAll(
                PatchAsync(owner, $$"""{"publicNetworkAccess":"{{word}}"}"""),
                PatchAsync(owner, $$$"""{"networkRuleSet":{"defaultAction":"{{{action}}}"}}"""),
                PatchAsync(owner, $$$$"""{"policies":{"exportPolicy":{"status":"{{{{status}}}}"}}}"""),
                PatchAsync(owner, $$$$"""{"policies":{"azureADAuthenticationAsArmPolicy":{"status":"{{{{status}}}}"}}}"""));
            var shown = (await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local)).GetProperty("properties");
            Assert.Equal(
                (word, action, status, status),
                (shown.GetProperty("publicNetworkAccess").GetString(), shown.GetProperty("networkRuleSet").GetProperty("defaultAction").GetString(),
                    StatusOf(shown, "exportPolicy"), StatusOf(shown, "azureADAuthenticationAsArmPolicy")));
        }
    }

    [Fact]
    public async Task The_activity_log_says_what_was_changed()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        await PatchAsync(owner, """{"networkRuleSet":{"defaultAction":"Deny","ipRules":[{"value":"10.0.0.0/8"},{"value":"127.0.0.1"}]}}""");
        await PatchAsync(owner, """{"networkRuleSet":{"ipRules":[{"value":"127.0.0.1"},{"value":"127.0.0.2"}]},"publicNetworkAccess":"Disabled"}""");

        var log = await owner.ExpectAsync(
            HttpStatusCode.OK, "GET",
            ControlClient.Subscription + "/providers/Microsoft.Insights/eventtypes/management/values?$filter=eventTimestamp%20ge%20'2026-11-24T00:00:00Z'");
        var facts = log.GetProperty("value").EnumerateArray().Select(e => e.GetProperty("properties").GetProperty("facts").GetString()).Take(2).ToList();
        Assert.Equal(
            [
                """{"registry":"local","changed":"networkRuleSet.ipRules.added,networkRuleSet.ipRules.removed,publicNetworkAccess","networkRuleSet.ipRules.added":"127.0.0.2","networkRuleSet.ipRules.removed":"10.0.0.0/8","publicNetworkAccess":"Disabled"}""",
                """{"registry":"local","changed":"networkRuleSet.defaultAction,networkRuleSet.ipRules.added","networkRuleSet.defaultAction":"Deny","networkRuleSet.ipRules.added":"10.0.0.0/8,127.0.0.1"}""",
            ],
            facts);
    }

    [Fact]
    public async Task Ten_thousand_rules_are_stored_and_shown_and_their_record_in_the_log_stays_short()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var rules = string.Join(',', Enumerable.Range(0, 10_000).Select(i => $$"""{"value":"10.{{i / 256}}.{{i % 256}}.0/24"}"""));
        var shown = await PatchAsync(owner, $$$$"""{"networkRuleSet":{"defaultAction":"Deny","ipRules":[{{{{rules}}}},{"value":"127.0.0.1"}]}}""");
        Assert.Equal(10_001, shown.GetProperty("networkRuleSet").GetProperty("ipRules").GetArrayLength());
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetAsync("/v2/")).StatusCode);
        var record = (await host.Metadata.ReadLedgerBackwardsAsync(long.MaxValue, 10, CancellationToken.None)).First(record => record.Kind == LedgerKinds.RegistryChanged);
        Assert.True(record.Payload!.Length < 2_000);
        Assert.Contains("and 9951 more", record.Payload, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registry_that_takes_no_tokens_of_the_control_plane_takes_those_for_registries()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = await ControlClient.OfOwnerAsync(host);
        var record = await host.Metadata.FindPrincipalAsync(OwnerAccount.Name, CancellationToken.None);
        var ofRegistries = await host.Services.GetRequiredService<AuthorityTokens>().IssueAsync(record!, AuthorityTokens.RegistryAudience, null, CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, await ExchangeAsync(host, owner.Token));

        await PatchAsync(owner, """{"policies":{"azureADAuthenticationAsArmPolicy":{"status":"disabled"}}}""");
        Assert.Equal(HttpStatusCode.Unauthorized, await ExchangeAsync(host, owner.Token));
        Assert.Equal(HttpStatusCode.OK, await ExchangeAsync(host, ofRegistries));

        await PatchAsync(owner, """{"policies":{"azureADAuthenticationAsArmPolicy":{"status":"enabled"}}}""");
        Assert.Equal(HttpStatusCode.OK, await ExchangeAsync(host, owner.Token));
    }

    [Fact]
    public void What_is_stored_is_read_as_it_was_written() => Gen.Select(Gen.Bool.Array[6], Gen.Int[0, 200].Array[0, 4]).Sample((flags, blocks) =>
    {
        var settings = new RegistrySettings
        {
            AllowsByDefault = flags[0],
            Allowed = new AddressSet(blocks.Select(block => AddressBlock.TryParse($"10.0.{block}.0/24", out var found, out _) ? found : throw new FormatException())),
            IsPublic = flags[1],
            TrustedCallersPass = flags[2],
            AllowsExport = flags[3],
            TakesControlPlaneTokens = flags[4],
            HasDataEndpoint = flags[5],
        };
        var read = RegistrySettings.Read(settings.Write());
        Assert.Equal(settings with { Allowed = read.Allowed }, read);
        Assert.Equal(settings.Allowed.Blocks, read.Allowed.Blocks);
    });

    private static async Task<JsonElement> PatchAsync(ControlClient client, string properties) =>
        (await client.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, $$"""{"properties":{{properties}} }""")).GetProperty("properties");

    private static string StatusOf(JsonElement properties, string policy) => properties.GetProperty("policies").GetProperty(policy).GetProperty("status").GetString()!;

    private static async Task<HttpStatusCode> ExchangeAsync(RegistryHost host, string token)
    {
        using var form = new FormUrlEncodedContent([new("grant_type", "access_token"), new("service", "local.berth.localhost"), new("access_token", token)]);
        using var client = host.WithoutCredential();
        using var answer = await client.PostAsync("/oauth2/exchange", form);
        return answer.StatusCode;
    }
}

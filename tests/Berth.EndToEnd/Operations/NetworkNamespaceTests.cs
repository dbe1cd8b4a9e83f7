namespace Berth.EndToEnd.Operations;

/// <summary>A registry's network rules and private listeners, as callers from other machines' addresses meet them, over IPv4 and IPv6.</summary>
public sealed class NetworkNamespaceTests(NetworkNamespaceFixture fixture) : IClassFixture<NetworkNamespaceFixture>
{
    private static readonly string[] Sources = ["10.9.0.2", "10.9.0.3", "fd00:9::2", "fd00:9::3"];

    [Theory]
    [InlineData("10.9.0.2", "10.9.0.2")]
    [InlineData("10.9.0.2/31", "10.9.0.2", "10.9.0.3")]
    [InlineData("fd00:9::2", "fd00:9::2")]
    [InlineData("fd00:9::/64", "fd00:9::2", "fd00:9::3")]
    [InlineData("::ffff:10.9.0.3", "10.9.0.3")]
    [InlineData("203.0.113.0/24")]
    public async Task Addresses_that_a_rule_names_are_let_in_and_no_others(string rule, params string[] letIn)
    {
        await fixture.StartAsync();
        await fixture.ArmAsync("PATCH", $$"""{"properties":{"publicNetworkAccess":"Enabled","networkRuleSet":{"defaultAction":"Deny","ipRules":[{"value":"{{rule}}"}]} } }""");
        foreach (var source in Sources)
        {
            var answer = await fixture.CallAsync(source, PublicOf(source));
            Assert.StartsWith(letIn.Contains(source) ? "200 " : "403 ", answer, StringComparison.Ordinal);
            if (!letIn.Contains(source)) Assert.Contains($"client with IP \\u0027{source}\\u0027 is not allowed", answer, StringComparison.Ordinal);
        }

        foreach (var header in (string[])["X-Forwarded-For: 10.9.0.2", "Forwarded: for=10.9.0.2", "X-Real-IP: 10.9.0.2", "X-Forwarded-For: fd00:9::2"])
        {
            if (!letIn.Contains("10.9.0.3")) Assert.StartsWith("403 ", await fixture.CallAsync("10.9.0.3", NetworkNamespaceFixture.Public4, more: ["-H", header]), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Without_public_access_the_private_listeners_are_reached_from_every_address_and_for_their_registry_alone()
    {
        await fixture.StartAsync();
        await fixture.ArmAsync("PATCH", """{"properties":{"publicNetworkAccess":"Disabled","networkRuleSet":{"defaultAction":"Allow","ipRules":[]}}}""");
        await fixture.ArmAsync("PUT", """{"location":"home","sku":{"name":"Premium"}}""", "second");
        foreach (var source in Sources)
        {
            var at = source.Contains(':') ? NetworkNamespaceFixture.Private6 : NetworkNamespaceFixture.Private4;
            Assert.StartsWith("403 ", await fixture.CallAsync(source, PublicOf(source)), StringComparison.Ordinal);
            Assert.StartsWith("200 ", await fixture.CallAsync(source, at), StringComparison.Ordinal);
            Assert.StartsWith("403 ", await fixture.CallAsync(source, at, "second"), StringComparison.Ordinal);
            Assert.StartsWith("200 ", await fixture.CallAsync(source, PublicOf(source), "second"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_rejected_private_listener_refuses_every_address_also_with_public_access_and_the_other_one_goes_on()
    {
        await fixture.StartAsync();
        await fixture.ArmAsync("PATCH", """{"properties":{"publicNetworkAccess":"Enabled","networkRuleSet":{"defaultAction":"Allow","ipRules":[]}}}""");
        await DecideAsync("Rejected");
        Assert.StartsWith("403 ", await fixture.CallAsync("fd00:9::2", NetworkNamespaceFixture.Private6), StringComparison.Ordinal);
        Assert.Contains("fd00-9--9-6443", await fixture.CallAsync("fd00:9::3", NetworkNamespaceFixture.Private6), StringComparison.Ordinal);
        Assert.StartsWith("200 ", await fixture.CallAsync("10.9.0.2", NetworkNamespaceFixture.Private4), StringComparison.Ordinal);
        Assert.StartsWith("200 ", await fixture.CallAsync("fd00:9::2", NetworkNamespaceFixture.Public6), StringComparison.Ordinal);
        await DecideAsync("Approved");
        Assert.StartsWith("200 ", await fixture.CallAsync("fd00:9::2", NetworkNamespaceFixture.Private6), StringComparison.Ordinal);

        Task DecideAsync(string status) => fixture.ArmAsync(
            "PUT", $$"""{"properties":{"privateLinkServiceConnectionState":{"status":"{{status}}"} } }""", "local/privateEndpointConnections/fd00-9--9-6443");
    }

    private static string PublicOf(string source) => source.Contains(':') ? NetworkNamespaceFixture.Public6 : NetworkNamespaceFixture.Public4;
}

using System.Net;
using System.Text.Json;
using Berth.EndToEnd.Harness;

namespace Berth.EndToEnd.Operations;

/// <summary>Network rules that the client sets at the real server.</summary>
public sealed class NetworkRuleTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    private BerthClient _client = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _client = new BerthClient(Fixture, NewFolder("client"));
        await _client.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
    }

    [Fact]
    public async Task Rules_are_set_listed_and_kept_over_a_restart()
    {
        var opened = await RunAsync("acr", "update", "--name", "local", "--default-action", "Allow", "--public-network-enabled", "true");
        Assert.Equal("Allow", opened.GetProperty("networkRuleSet").GetProperty("defaultAction").GetString());
        var cutOff = await _client.RunAsync("acr", "update", "-n", "local", "--default-action", "Deny");
        Assert.Equal(1, cutOff.Status);
        Assert.Contains("do not let in 127.0.0.1", cutOff.Errors, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await PingAsync());

        await RunAsync("acr", "network-rule", "add", "-n", "local", "--ip-address", "127.0.0.1");
        await RunAsync("acr", "network-rule", "add", "-n", "local", "-g", "default", "--ip-address", "2001:db8::/32");
        await RunAsync("acr", "update", "-n", "local", "--default-action", "deny");
        var rules = (await RunAsync("acr", "network-rule", "list", "-n", "local")).GetProperty("ipRules").EnumerateArray();
        Assert.Equal(["127.0.0.1", "2001:db8::/32"], rules.Select(rule => rule.GetProperty("ipAddressOrRange").GetString()!));

        Assert.Equal(1, (await _client.RunAsync("acr", "network-rule", "remove", "-n", "local", "--ip-address", "127.0.0.1")).Status);
        Assert.Equal(1, (await _client.RunAsync("acr", "network-rule", "remove", "-n", "local", "--ip-address", "127.0.0.9")).Status);
        Assert.Equal(HttpStatusCode.OK, await PingAsync());
        await RunAsync("acr", "network-rule", "remove", "-n", "local", "--ip-address", "127.0.0.1", "--force");
        Assert.Equal(HttpStatusCode.Forbidden, await PingAsync());
        await Fixture.RestartAsync();
        Assert.Equal(HttpStatusCode.Forbidden, await PingAsync());

        await RunAsync("acr", "network-rule", "add", "-n", "local", "--ip-address", "127.0.0.1");
        Assert.Equal(HttpStatusCode.OK, await PingAsync());
        await RunAsync("acr", "update", "-n", "local", "--public-network-enabled", "false", "--force");
        Assert.Equal(HttpStatusCode.Forbidden, await PingAsync());
        await RunAsync("acr", "update", "-n", "local", "--public-network-enabled", "true", "--default-action", "Allow", "--allow-trusted-services", "true");
        Assert.Equal(HttpStatusCode.OK, await PingAsync());
        Assert.Equal(2, (await _client.RunAsync("acr", "update", "-n", "local")).Status);
        Assert.Equal(2, (await _client.RunAsync("acr", "update", "-n", "local", "--default-action", "Maybe")).Status);
        Assert.Contains("there is no registry 'absent'", (await _client.RunAsync("acr", "network-rule", "list", "-n", "absent")).Errors, StringComparison.Ordinal);
    }

    private async Task<JsonElement> RunAsync(params string[] arguments)
    {
        var result = await _client.RunAsync(arguments);
        result.Succeeded();
        return JsonDocument.Parse(result.Output).RootElement;
    }

    private async Task<HttpStatusCode> PingAsync()
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Fixture.Endpoint.Address, "/v2/"));
        request.Headers.TryAddWithoutValidation("Authorization", Fixture.Endpoint.PasswordHeader);
        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }
}

using System.Net;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Distribution;

/// <summary>Which registry a Host header means.</summary>
public sealed class RegistryHostNameTests
{
    [Theory]
    [InlineData("127.0.0.1", HttpStatusCode.OK)]
    [InlineData("localhost", HttpStatusCode.OK)]
    [InlineData("local.berth.localhost", HttpStatusCode.OK)]
    [InlineData("LOCAL.berth.localhost:5443", HttpStatusCode.OK)]
    [InlineData("local.berth.localhost.", HttpStatusCode.OK)]
    [InlineData("other.berth.localhost", HttpStatusCode.NotFound)]
    [InlineData("other.berth.localhost.", HttpStatusCode.NotFound)]
    [InlineData("other.berth.localhost:1", HttpStatusCode.NotFound)]
    [InlineData("[::1]:5000", HttpStatusCode.OK)]
    [InlineData("xn--", HttpStatusCode.OK)]
    [InlineData("xn--.berth.localhost", HttpStatusCode.NotFound)]
    [InlineData("a.local.berth.localhost", HttpStatusCode.NotFound)]
    public async Task A_name_under_the_domain_means_that_registry_alone(string name, HttpStatusCode expected)
    {
        await using var host = await RegistryHost.StartAsync();

        var answer = await host.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/v2/") { Headers = { Host = name } });

        Assert.Equal(expected, answer.StatusCode);
    }
}

using System.Net;
using Berth.Registry.Network;
using Berth.Registry.Tests.Hosting;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Tests.Network;

/// <summary>HTTP to where a stranger said, against a real server on loopback.</summary>
public sealed class OutboundHttpTests
{
    [Fact]
    public async Task A_private_address_is_refused_and_the_setting_that_opens_it_is_named()
    {
        await using var server = await ServerAsync();
        using var http = new OutboundHttp(new OutboundOptions(), server.Trust);
        using var client = http.CreateClient(1000);

        var refused = await Assert.ThrowsAsync<OutboundRefusedException>(() => client.GetAsync(new Uri($"{server.Address}/ok")));

        Assert.Contains("127.0.0.1", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Outbound:AllowedNetworks", refused.Message, StringComparison.Ordinal);
        Assert.Empty(server.Asked);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("2130706433")]
    [InlineData("0x7f.1")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("localhost")]
    [InlineData("[::1]")]
    public async Task No_spelling_of_a_private_address_is_let_through(string host)
    {
        await using var server = await ServerAsync();
        using var http = new OutboundHttp(new OutboundOptions(), server.Trust);
        using var client = http.CreateClient(1000);

        await Assert.ThrowsAsync<OutboundRefusedException>(() => client.GetAsync(new Uri($"https://{host}:{server.Port}/ok")));
        Assert.Empty(server.Asked);
    }

    [Fact]
    public async Task An_allowed_network_is_reached()
    {
        await using var server = await ServerAsync();
        using var http = new OutboundHttp(HttpsServer.Loopback, server.Trust);
        using var client = http.CreateClient(1000);

        Assert.Equal("ok", await client.GetStringAsync(new Uri($"{server.Address}/ok")));
    }

    [Fact]
    public async Task A_name_that_means_another_address_a_moment_later_is_asked_for_once_and_leads_to_the_first()
    {
        await using var server = await ServerAsync();
        var asked = 0;
        using var http = new OutboundHttp(
            new OutboundOptions { AllowedNetworks = [IPNetwork.Parse("127.0.0.1/32")] }, server.Trust,
            (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(asked++ == 0 ? "127.0.0.1" : "127.0.0.2")]));
        using var client = http.CreateClient(1000);

        Assert.Equal("ok", await client.GetStringAsync(new Uri($"https://issuer.example:{server.Port}/ok")));
        Assert.Equal(1, asked);
        await Assert.ThrowsAsync<OutboundRefusedException>(() => client.GetAsync(new Uri($"https://other.example:{server.Port}/ok")));
    }

    [Fact]
    public async Task Of_several_addresses_only_the_public_ones_are_tried()
    {
        await using var server = await ServerAsync();
        using var http = new OutboundHttp(
            new OutboundOptions { AllowedNetworks = [IPNetwork.Parse("127.0.0.2/32")] }, server.Trust,
            (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback, IPAddress.Parse("127.0.0.2")]));
        using var client = http.CreateClient(1000);

        // Nobody listens on the second, and the first, where the server is, may not be tried.
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri($"https://issuer.example:{server.Port}/ok")));
        Assert.Empty(server.Asked);
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var server = await ServerAsync();
        server.Answers["/away"] = context =>
        {
            context.Response.Redirect($"{server.Address}/ok");
            return Task.CompletedTask;
        };
        using var http = new OutboundHttp(HttpsServer.Loopback, server.Trust);
        using var client = http.CreateClient(1000);

        Assert.Equal(HttpStatusCode.Found, (await client.GetAsync(new Uri($"{server.Address}/away"))).StatusCode);
        Assert.Equal(["/away"], server.Asked);
    }

    [Fact]
    public async Task What_is_not_https_is_refused()
    {
        using var http = new OutboundHttp(HttpsServer.Loopback, OutboundTrust.System);
        using var client = http.CreateClient(1000);

        await Assert.ThrowsAsync<OutboundRefusedException>(() => client.GetAsync(new Uri("http://127.0.0.1:1/ok")));
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_is_refused_and_the_setting_that_trusts_it_is_named()
    {
        await using var server = await ServerAsync();
        await using var other = await ServerAsync();
        foreach (var trust in (OutboundTrust[])[OutboundTrust.System, other.Trust])
        {
            using var http = new OutboundHttp(HttpsServer.Loopback, trust);
            using var client = http.CreateClient(1000);

            var refused = await Assert.ThrowsAsync<OutboundRefusedException>(() => client.GetAsync(new Uri($"{server.Address}/ok")));
            Assert.Contains("Outbound:TrustedCertificates", refused.Message, StringComparison.Ordinal);
        }

        Assert.Empty(server.Asked);
    }

    [Fact]
    public async Task A_trusted_certificate_is_no_good_for_a_name_that_is_not_in_it()
    {
        await using var server = await ServerAsync();
        using var http = new OutboundHttp(HttpsServer.Loopback, server.Trust, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]));
        using var client = http.CreateClient(1000);

        Assert.Equal("ok", await client.GetStringAsync(new Uri($"https://issuer.example:{server.Port}/ok")));
        await Assert.ThrowsAsync<OutboundRefusedException>(() => client.GetAsync(new Uri($"https://another.example:{server.Port}/ok")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_that_is_too_large_is_cut_off(bool isDeclared)
    {
        await using var server = await ServerAsync();
        server.Answers["/large"] = context =>
        {
            if (isDeclared) context.Response.ContentLength = 1001;
            return context.Response.WriteAsync(new string('x', 1001));
        };
        using var http = new OutboundHttp(HttpsServer.Loopback, server.Trust);
        using var client = http.CreateClient(1000);

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri($"{server.Address}/large")));
    }

    [Fact]
    public async Task An_answer_that_does_not_end_is_given_up()
    {
        await using var server = await ServerAsync();
        server.Answers["/slow"] = async context =>
        {
            await context.Response.StartAsync();
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        using var http = new OutboundHttp(HttpsServer.Loopback, server.Trust);
        using var client = http.CreateClient(1000);
        Assert.Equal(OutboundHttp.LongestRequest, client.Timeout);
        client.Timeout = TimeSpan.FromMilliseconds(300); // the same limit, for a test's patience

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetAsync(new Uri($"{server.Address}/slow")));
    }

    private static async Task<HttpsServer> ServerAsync()
    {
        var server = await HttpsServer.StartAsync();
        server.Answers["/ok"] = context => context.Response.WriteAsync("ok");
        return server;
    }
}

using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Operations;

/// <summary>A listener that is one registry's alone, at the real server.</summary>
public sealed class PrivateListenerTests(PrivateListenerFixture fixture) : EndToEndTest<PrivateListenerFixture>(fixture)
{
    [Fact]
    public async Task Callers_at_the_private_listener_reach_its_registry_whatever_the_rules_say_and_no_other()
    {
        var owner = new BerthClient(Fixture, NewFolder("client"));
        await owner.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
        var changed = await owner.RunAsync("acr", "update", "--name", "local", "--public-network-enabled", "false", "--force");
        changed.Succeeded();
        Assert.Contains($"\"{PrivateListenerFixture.Address}-{Fixture.Port}\"", changed.Output, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.OK, (await CallAsync(PrivateListenerFixture.Address, Fixture.Port, "local")).Status);
        var (status, body) = await CallAsync("127.0.0.1", IPEndPoint.Parse(Fixture.Server.Https).Port, "local");
        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Contains("public network access is disabled", body, StringComparison.Ordinal);
        using var control = await ControlClient.SignInAsync(Fixture.Endpoint.Address, Fixture.Endpoint.User, Fixture.Endpoint.Password);
        await control.ArmAsync("PUT", control.Scope("second"), new { location = "local", sku = new { name = "Premium" } });
        (status, body) = await CallAsync(PrivateListenerFixture.Address, Fixture.Port, "second");
        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Contains("private one. Call this registry at its own", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Blobs_are_given_at_the_private_listener_itself_though_the_registry_has_a_data_endpoint()
    {
        using var control = await ControlClient.SignInAsync(Fixture.Endpoint.Address, Fixture.Endpoint.User, Fixture.Endpoint.Password);
        await control.ArmAsync("PATCH", control.Scope(), new { properties = new { dataEndpointEnabled = true, publicNetworkAccess = "Enabled" } });
        var blob = await Client.PushAsync(Repo, BlobContent.Layer(1_000));
        var path = $"/v2/{Repo}/blobs/{blob.Digest}";
        Assert.Equal(HttpStatusCode.TemporaryRedirect, (await CallAsync("127.0.0.1", IPEndPoint.Parse(Fixture.Server.Https).Port, "local", path)).Status);
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(PrivateListenerFixture.Address, Fixture.Port, "local", path)).Status);
        await control.ArmAsync("PATCH", control.Scope(), new { properties = new { dataEndpointEnabled = false } });
    }

    private async Task<(HttpStatusCode Status, string Body)> CallAsync(string address, int port, string registry, string path = "/v2/")
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(Path.Combine(Fixture.Server.Data, "tls", "ca.pem"));
        using var client = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy },
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(address), port), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://{registry}.berth.localhost:{port}{path}");
        request.Headers.TryAddWithoutValidation("Authorization", Fixture.Endpoint.PasswordHeader);
        using var answer = await client.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Throttling;
using Berth.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Throttling;

/// <summary>Which requests have a turn, where there is one for those that read and one for those that change something, and nobody waits.</summary>
public sealed class RequestTurnTests
{
    private const string Repo = "team/app";

    private static readonly byte[] Layer = "a layer"u8.ToArray();
    private static readonly byte[] Image = RegistryClientExtensions.Image(Layer);

    // With a byte that nobody asked for, or the body that it is about.
    private static readonly (string Method, string Target, byte[]? Body)[] Requests =
    [
        ("GET", $"/v2/{Repo}/tags/list", null),
        ("GET", $"/v2/{Repo}/tags/list", [1]),
        ("HEAD", $"/v2/{Repo}/manifests/v1", [1]),
        ("GET", $"/v2/{Repo}/blobs/{Content.Digest(Layer)}", [1]),
        ("GET", $"/acr/v1/{Repo}/_tags", [1]),
        ("GET", "/berth/v1/usage", [1]),
        ("DELETE", $"/v2/{Repo}/manifests/absent", [1]),
        ("DELETE", $"/acr/v1/{Repo}/_tags/absent", [1]),
        ("DELETE", "/berth/v1/workloads/absent", [1]),
        ("POST", $"/v2/{Repo}/blobs/uploads/", []),
        ("POST", $"/v2/{Repo}/blobs/uploads/", [1]),
        ("POST", $"/v2/{Repo}/blobs/uploads/?mount={Content.Digest(Layer)}&from={Repo}", [1]),
        ("PUT", $"/v2/{Repo}/manifests/v2", Image),
        ("PUT", $"/v2/{Repo}/tags/list", [1]),
        ("PATCH", $"/acr/v1/{Repo}", Json("""{"writeEnabled":true}""")),
        ("PATCH", $"/acr/v1/{Repo}/_tags/v1", Json("{")),
        ("POST", "/berth/v1/usage/images/" + Repo, Json("""{"digests":[]}""")),
        ("PUT", "/berth/v1/quotas", Json("""{"limit":1000000}""")),
        ("PATCH", "/berth/v1/quotas", Json("{}")),
        ("PUT", "/berth/v1/workloads/ci", Json("""{"digests":[]}""")),
        ("PUT", "/berth/v1/tag-rules/releases", Json("""{"tags":"release-*"}""")),
        ("PUT", "/berth/v1/lifecycle/rules/old", Json("{}")),
        ("POST", "/berth/v1/lifecycle/previews", Json("""{"rules":[]}""")),
        ("PUT", $"/berth/v1/quarantine/repositories/{Repo}", Json("""{"reason":"a look"}""")),
    ];

    [Fact]
    public async Task Each_has_one_turn_and_gives_it_back()
    {
        await using var host = await StartAsync();

        // A second turn for the same request, or one that was kept, would find none.
        foreach (var (method, target, body) in Requests)
        {
            for (var i = 0; i < 2; i++) Assert.NotEqual((method, target, 503), (method, target, (await SendAsync(host, method, target, body)).Status));
        }
    }

    [Fact]
    public async Task None_goes_on_without_one_whether_a_body_comes_with_it_or_not()
    {
        await using var host = await StartAsync();
        var turns = host.Services.GetRequiredService<RequestTurns>();
        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        foreach (var method in (string[])["GET", "PUT"]) await turns.TakeAsync(new DefaultHttpContext { Request = { Method = method } }, registry!);

        foreach (var (method, target, body) in Requests) Assert.Equal((method, target, 503), (method, target, (await SendAsync(host, method, target, body)).Status));

        // The bytes of a blob have places of their own.
        Assert.Equal(201, (await SendAsync(host, "POST", $"/v2/{Repo}/blobs/uploads/?digest={Content.Digest([1, 2])}", [1, 2])).Status);
    }

    [Fact]
    public async Task Bytes_that_come_to_an_upload_have_a_place_before_anything_is_looked_up()
    {
        await using var host = await StartAsync();
        var location = (await SendAsync(host, "POST", $"/v2/{Repo}/blobs/uploads/", [])).Expect(202).Location;
        var finish = $"{location}{(location.Contains('?', StringComparison.Ordinal) ? '&' : '?')}digest={Content.Digest([1])}";
        (string Method, string Target)[] requests = [("PATCH", location), ("PUT", finish), ("PATCH", $"/v2/{Repo}/blobs/uploads/absent"), ("PUT", $"/v2/{Repo}/blobs/uploads/absent?digest={Content.Digest([1])}")];
        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        using (await host.Services.GetRequiredService<UploadPlaces>().TakeAsync(new DefaultHttpContext(), registry!))
        {
            foreach (var (method, target) in requests) Assert.Equal((method, target, 429), (method, target, (await SendAsync(host, method, target, [1])).Status));
        }

        foreach (var (method, target) in requests[2..]) Assert.Equal((method, target, 404), (method, target, (await SendAsync(host, method, target, [1])).Status));
        (await SendAsync(host, "PUT", finish, [1])).Expect(201);
    }

    [Fact]
    public async Task Whoever_is_slow_to_send_a_body_has_none_until_it_has_come()
    {
        await using var host = await StartAsync();
        using var slow = new TcpClient();
        await slow.ConnectAsync(host.Endpoint.Address.Host, host.Endpoint.Address.Port);
        var body = Json("""{"writeEnabled":true}""");
        await slow.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"PATCH /acr/v1/{Repo} HTTP/1.1\r\nHost: {host.Endpoint.Authority}\r\nContent-Length: {body.Length}\r\nExpect: 100-continue\r\nAuthorization: {host.Endpoint.PasswordHeader}\r\n\r\n"));

        // It is asked for its body only once it was let in.
        await ExpectAsync(slow, "HTTP/1.1 100 ");
        Assert.Equal(HttpStatusCode.OK, (await host.Client.ChangeAsync(Repo, """{"deleteEnabled":true}""")).Status);
        await slow.GetStream().WriteAsync(body);
        await ExpectAsync(slow, "HTTP/1.1 200 ");
    }

    private static async Task<RegistryHost> StartAsync()
    {
        var host = await RegistryHost.StartAsync(options: new RegistryOptions { Admission = new AdmissionOptions { Reads = 1, Writes = 1, Uploads = 1, Patience = TimeSpan.Zero } });
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync(Repo, Layer));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, "v1", Image));
        return host;
    }

    private static Task<Reply> SendAsync(RegistryHost host, string method, string target, byte[]? body) => RawConnection.ExchangeAsync(
        host.Endpoint, method, target, body, ("Authorization", host.Endpoint.PasswordHeader), ("Content-Type", target.Contains("/manifests/", StringComparison.Ordinal) ? Types.Manifest : "application/json"));

    private static async Task ExpectAsync(TcpClient client, string expected)
    {
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!answer.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            var read = await client.GetStream().ReadAsync(buffer, limit.Token);
            if (read == 0) break;
            answer.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        Assert.StartsWith(expected, answer.ToString(), StringComparison.Ordinal);
    }

    private static byte[] Json(string text) => Encoding.UTF8.GetBytes(text);
}

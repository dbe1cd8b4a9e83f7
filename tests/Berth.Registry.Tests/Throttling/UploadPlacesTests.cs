using System.Net;
using System.Net.Sockets;
using System.Text;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Throttling;
using Berth.Testing;

namespace Berth.Registry.Tests.Throttling;

/// <summary>Uploads when as many are under way as there are places for.</summary>
public sealed class UploadPlacesTests
{
    private static readonly string Whole = $"/v2/team/app/blobs/uploads/?digest={Content.Digest([1])}";

    [Fact]
    public async Task Who_has_no_place_is_told_before_the_body_is_asked_for_and_another_registry_has_one()
    {
        await using var host = await RegistryHost.StartAsync(options: new RegistryOptions { Admission = new AdmissionOptions { Uploads = 10, Patience = TimeSpan.Zero } });
        await host.Metadata.CreateRegistryAsync(new NewRegistry("other", "subscription", "default", "test", "Premium"), Caller.System, CancellationToken.None);
        var held = new List<RawConnection>();
        try
        {
            // Each has sent a part of its body, and holds its place.
            for (var i = 0; i < 8; i++)
            {
                held.Add(await RawConnection.OpenAsync(host.Endpoint));
                await held[i].SendHeadAsync("POST", Whole, ("Content-Length", "1000000"));
                await held[i].SendAsync(new byte[1000]);
            }

            // An upload that is only begun is refused while its client can still come later.
            await EventuallyAsync(host, HttpStatusCode.TooManyRequests);
            var answer = await FirstAnswerAsync(host, "local");
            Assert.StartsWith("HTTP/1.1 429 ", answer, StringComparison.Ordinal);
            Assert.Contains("Retry-After: 5\r\n", answer, StringComparison.Ordinal);
            Assert.Contains("TOOMANYREQUESTS", answer, StringComparison.Ordinal);
            Assert.StartsWith("HTTP/1.1 100 ", await FirstAnswerAsync(host, "other"), StringComparison.Ordinal);
        }
        finally
        {
            foreach (var connection in held) await connection.DisposeAsync();
        }

        await EventuallyAsync(host, HttpStatusCode.Accepted);
    }

    private static async Task EventuallyAsync(RegistryHost host, HttpStatusCode expected)
    {
        for (var i = 0; i < 200; i++)
        {
            using var start = await host.Client.PostAsync("/v2/team/app/blobs/uploads/", null);
            if (start.StatusCode == expected) return;
            await Task.Delay(50);
        }

        Assert.Fail($"No upload is answered {expected}.");
    }

    // What the server says to a client that sends its body only when it is asked to.
    private static async Task<string> FirstAnswerAsync(RegistryHost host, string registry)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(host.Endpoint.Address.Host, host.Endpoint.Address.Port);
        var head = $"POST {Whole} HTTP/1.1\r\nHost: {registry}.berth.localhost\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\nAuthorization: {host.Endpoint.PasswordHeader}\r\n\r\n";
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head));
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!answer.ToString().Contains("\r\n\r\n{", StringComparison.Ordinal) && !answer.ToString().Contains("HTTP/1.1 100 ", StringComparison.Ordinal))
        {
            var read = await client.GetStream().ReadAsync(buffer, limit.Token);
            if (read == 0) break;
            answer.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        return answer.ToString();
    }
}

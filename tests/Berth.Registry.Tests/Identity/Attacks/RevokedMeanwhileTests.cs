using System.Net;
using System.Net.Http.Headers;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;
using Berth.Testing;

namespace Berth.Registry.Tests.Identity.Attacks;

/// <summary>A right that is taken away while something is under way that needs it.</summary>
public sealed class RevokedMeanwhileTests
{
    [Fact]
    public async Task An_upload_ends_at_its_next_request_and_leaves_nothing()
    {
        await using var host = await RegistryHost.StartAsync();
        using var pusher = await host.SignedInAsync("pusher");
        var assignment = await host.AssignAsync("pusher", "AcrPush");
        var bytes = Content.Random(2_000);
        using var start = await pusher.PostAsync("/v2/team/app/blobs/uploads/", null);
        Assert.Equal(HttpStatusCode.Accepted, start.StatusCode);
        var location = start.Headers.Location!.ToString();
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(HttpMethod.Patch, location, bytes[..1_000]));

        await host.Metadata.DeleteRoleAssignmentAsync(assignment, Caller.System, CancellationToken.None);
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(HttpMethod.Patch, location, bytes[1_000..]));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(HttpMethod.Put, RegistryActions.With(location, $"digest={Content.Digest(bytes)}"), bytes[1_000..]));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(HttpMethod.Put, RegistryActions.With(location, $"digest={Content.Digest(bytes.AsSpan(0, 1_000))}"), []));
        using var read = await host.Client.GetAsync($"/v2/team/app/blobs/{Content.Digest(bytes.AsSpan(0, 1_000))}");
        Assert.Equal(HttpStatusCode.NotFound, read.StatusCode);

        async Task<HttpStatusCode> SendAsync(HttpMethod method, string target, byte[] body)
        {
            using var request = new HttpRequestMessage(method, target) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            using var answer = await pusher.SendAsync(request);
            return answer.StatusCode;
        }
    }
}

using System.Net;
using Berth.Metadata;
using Berth.Registry.Distribution;
using Berth.Registry.Identity;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Distribution;

/// <summary>Every row of the route table against those who have no right: strangers, and a principal that may sign in and nothing else.</summary>
public sealed class RouteRightsTests
{
    private const string Digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Fact]
    public async Task Every_route_refuses_strangers_and_a_principal_without_rights()
    {
        await using var host = await RegistryHost.StartAsync();
        using var stranger = new HttpClient { BaseAddress = host.Client.BaseAddress };
        using var bob = await host.SignedInAsync("bob");

        foreach (var route in DistributionRoute.All)
        {
            foreach (var method in route.AnswersHead ? [route.Method, "HEAD"] : new[] { route.Method })
            {
                Assert.Equal((route.Name, HttpStatusCode.Unauthorized), (route.Name, await StatusAsync(stranger, method, route)));
                Assert.Equal(
                    (route.Name, route.Kind == ResourceKind.Root ? HttpStatusCode.OK : HttpStatusCode.Forbidden), (route.Name, await StatusAsync(bob, method, route)));
            }
        }
    }

    [Fact]
    public async Task A_refused_sign_in_and_a_denial_are_recorded_with_who_and_from_where()
    {
        await using var host = await RegistryHost.StartAsync();
        using var bob = await host.SignedInAsync("bob");
        using var wrong = host.ClientOf("owner", "wrong");
        Assert.Equal(HttpStatusCode.Forbidden, (await bob.GetAsync("/v2/team/app/tags/list")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await wrong.GetAsync("/v2/")).StatusCode);

        await host.Services.GetRequiredService<AccessLog>().FlushAsync(CancellationToken.None);

        var events = await host.Metadata.ListAccessEventsAsync(1, host.Time.GetUtcNow() - TimeSpan.FromHours(1), 100, CancellationToken.None);
        var denied = Assert.Single(events, e => e.Kind == AccessEventKinds.Denied);
        Assert.Equal(("bob", "127.0.0.1", "tags.list team/app"), (denied.Actor, denied.Address, denied.Reason));
        Assert.NotNull(denied.RequestId);
        var refused = Assert.Single(events, e => e.Kind == AccessEventKinds.SignInRefused);
        Assert.Equal(("owner", "127.0.0.1"), (refused.Actor, refused.Address));
        Assert.NotNull(refused.RequestId);
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string method, DistributionRoute route)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), TargetOf(route.Kind));
        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }

    private static string TargetOf(ResourceKind kind) => kind switch
    {
        ResourceKind.Root => "/v2/",
        ResourceKind.Catalog => "/v2/_catalog",
        ResourceKind.OpenUploads => "/v2/_uploads",
        ResourceKind.Tags => "/v2/team/app/tags/list",
        ResourceKind.Manifest => "/v2/team/app/manifests/latest",
        ResourceKind.Referrers => $"/v2/team/app/referrers/{Digest}",
        ResourceKind.Blob => $"/v2/team/app/blobs/{Digest}",
        ResourceKind.Uploads => "/v2/team/app/blobs/uploads/",
        ResourceKind.Upload => "/v2/team/app/blobs/uploads/539b82ab9d46cf6eb9f81e09530037e4",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "A kind of resource without a target here: give it one."),
    };
}

using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Identity;

public sealed class SignInFloodTests
{
    [Fact]
    public async Task A_flood_of_wrong_passwords_does_not_turn_away_who_signed_in_before()
    {
        await using var host = await RegistryHost.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetAsync("/v2/")).StatusCode);
        host.Time.Advance(TimeSpan.FromMinutes(2));

        // The first that is answered is one that found the line full: those in it still wait for their slow hash.
        using var end = new CancellationTokenSource();
        var flood = Enumerable.Range(0, 100).Select(i => SignInAsync(host, $"somebody-{i}", end.Token)).ToList();
        while (await (await Task.WhenAny(flood)) != HttpStatusCode.TooManyRequests) flood.RemoveAll(f => f.IsCompleted);

        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetAsync("/v2/")).StatusCode);
        await end.CancelAsync();
        await Task.WhenAll(flood).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    private static async Task<HttpStatusCode> SignInAsync(RegistryHost host, string user, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/v2/");
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:wrong")));
        using var answer = await host.Client.SendAsync(request, cancellationToken);
        return answer.StatusCode;
    }
}

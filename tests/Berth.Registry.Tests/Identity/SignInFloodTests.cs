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

        var flood = Enumerable.Range(0, 100).Select(i => SignInAsync(host, $"somebody-{i}")).ToList();
        var refused = await (await Task.WhenAny(flood));
        Assert.Equal(HttpStatusCode.TooManyRequests, refused);
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetAsync("/v2/")).StatusCode);

        // Who was turned away is looked at the next time.
        var outcomes = await Task.WhenAll(flood);
        for (var i = 0; i < outcomes.Length; i++)
        {
            if (outcomes[i] != HttpStatusCode.TooManyRequests) continue;
            Assert.Equal(HttpStatusCode.Unauthorized, await SignInAsync(host, $"somebody-{i}"));
            break;
        }
    }

    private static async Task<HttpStatusCode> SignInAsync(RegistryHost host, string user)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/v2/");
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:wrong")));
        using var answer = await host.Client.SendAsync(request);
        return answer.StatusCode;
    }
}

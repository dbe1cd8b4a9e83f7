using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Berth.Metadata;
using Berth.Registry.Identity;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Identity;

public sealed class SignInFloodTests
{
    [Fact]
    public async Task A_flood_of_wrong_passwords_does_not_turn_away_who_signed_in_before()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = host.ClientOf(OwnerAccount.Name, RegistryHost.Password);
        Assert.Equal(HttpStatusCode.OK, (await owner.GetAsync("/v2/")).StatusCode);
        host.Time.Advance(TimeSpan.FromMinutes(2));

        // The first that is answered is one that found the line full: those in it still wait for their slow hash.
        using var end = new CancellationTokenSource();
        var flood = Enumerable.Range(0, 100).Select(i => SignInAsync(host, $"somebody-{i}", end.Token)).ToList();
        while (await (await Task.WhenAny(flood)) != HttpStatusCode.TooManyRequests) flood.RemoveAll(f => f.IsCompleted);

        Assert.Equal(HttpStatusCode.OK, (await owner.GetAsync("/v2/")).StatusCode);
        await end.CancelAsync();
        await Task.WhenAll(flood).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Fact]
    public async Task A_flood_of_wrong_passwords_from_one_address_leaves_room_for_others()
    {
        await using var host = await RegistryHost.StartAsync();
        using var end = new CancellationTokenSource();
        var flood = Enumerable.Range(0, 100).Select(i => SignInAsync(host, $"somebody-{i}", end.Token)).ToList();
        while (await (await Task.WhenAny(flood)) != HttpStatusCode.TooManyRequests) flood.RemoveAll(f => f.IsCompleted);

        using var handler = new SocketsHttpHandler { ConnectCallback = ConnectFromElsewhereAsync };
        using var client = new HttpClient(handler) { BaseAddress = host.Client.BaseAddress };
        client.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse(host.Endpoint.PasswordHeader);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v2/")).StatusCode);

        await end.CancelAsync();
        await Task.WhenAll(flood).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Fact]
    public async Task Sign_ins_that_are_turned_away_because_there_are_too_many_are_recorded_as_refused()
    {
        await using var host = await RegistryHost.StartAsync();
        var statuses = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => SignInAsync(host, $"somebody-{i}", CancellationToken.None)));
        var turnedAway = Enumerable.Range(0, 60).Where(i => statuses[i] == HttpStatusCode.TooManyRequests).Select(i => $"somebody-{i}").ToList();
        Assert.NotEmpty(turnedAway);
        Assert.All(statuses, s => Assert.True(s is HttpStatusCode.TooManyRequests or HttpStatusCode.Unauthorized, s.ToString()));

        await host.Services.GetRequiredService<AccessLog>().FlushAsync(CancellationToken.None);

        var events = await host.Metadata.ListAccessEventsAsync(1, host.Time.GetUtcNow() - TimeSpan.FromHours(1), 100, CancellationToken.None);
        Assert.All(events, e => Assert.Equal((AccessEventKinds.SignInRefused, "127.0.0.1", 1L), (e.Kind, e.Address, e.Count)));
        Assert.All(events, e => Assert.NotNull(e.RequestId));
        Assert.Equal(turnedAway.Order(), events.Where(e => e.Reason == "too many at once").Select(e => e.Actor).Order());
        Assert.Equal(60 - turnedAway.Count, events.Count(e => e.Reason == "password"));
    }

    private static async ValueTask<Stream> ConnectFromElsewhereAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static async Task<HttpStatusCode> SignInAsync(RegistryHost host, string user, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/v2/");
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:wrong")));
        using var answer = await host.Client.SendAsync(request, cancellationToken);
        return answer.StatusCode;
    }
}

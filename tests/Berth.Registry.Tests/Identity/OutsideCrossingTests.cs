using System.Net;
using System.Text.Json.Nodes;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Identity;

/// <summary>Answers of the provider about one person that cross on their way: the later one stands.</summary>
public sealed class OutsideCrossingTests : IAsyncLifetime
{
    private OutsideProvider _provider = null!;
    private RegistryHost _host = null!;
    private OutsideBrowser _slow = null!;
    private OutsideBrowser _quick = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        // The host's clock stands still, in the past of the real one.
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        _provider = await OutsideProvider.StartAsync(clock);
        _host = await OutsideBrowser.HostAsync(_provider);
        (_slow, _quick) = (new OutsideBrowser(_host, _provider), new OutsideBrowser(_host, _provider));
    }

    public async ValueTask DisposeAsync()
    {
        _slow.Dispose();
        _quick.Dispose();
        await _host.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Theory]
    [InlineData(0, "outside:devs")]
    [InlineData(-1, "outside:devs")]
    [InlineData(1, "outside:devs outside:ops")]
    public async Task The_answer_that_the_provider_gave_later_stands_whichever_comes_last(int later, string groups)
    {
        var address = _provider.Consent(await _slow.LeaveAsync());
        var (made, goOn) = HoldFirstAnswer();
        Say(later, "devs", "ops");
        var held = _slow.ComeBackAsync(address);
        await made;
        Say(0, "devs");
        await _quick.SignInAsync();
        goOn();

        Assert.Equal(HttpStatusCode.SeeOther, (await held).StatusCode);
        Assert.Equal(groups, await GroupsAsync());
    }

    [Fact]
    public async Task A_sign_in_does_not_bring_back_what_a_renewal_took_away_meanwhile()
    {
        Say(0, "devs", "ops");
        var answer = await _quick.SignInAsync();
        var address = _provider.Consent(await _slow.LeaveAsync());
        var (made, goOn) = HoldFirstAnswer();
        var held = _slow.ComeBackAsync(address);
        await made;
        Say(0, "devs");
        Assert.Equal(HttpStatusCode.OK, (await _quick.RefreshAsync(answer["refresh_token"])).Status);
        goOn();

        await held;
        Assert.Equal("outside:devs", await GroupsAsync());
    }

    [Fact]
    public async Task An_answer_that_was_asked_for_afterwards_stands_though_the_provider_s_clock_was_set_back()
    {
        Say(50, "devs", "ops");
        await _quick.SignInAsync();
        Say(0, "devs");
        await _slow.SignInAsync();

        Assert.Equal("outside:devs", await GroupsAsync());
    }

    private void Say(int later, params string[] groups) => _provider.Sign = claims =>
    {
        claims["iat"] = _host.Time.GetUtcNow().ToUnixTimeSeconds() + later;
        claims["groups"] = new JsonArray([.. groups.Select(group => JsonValue.Create(group))]);
        return _provider.Token(claims: claims);
    };

    // Made, and on its way until the test lets it go on.
    private (Task Made, Action GoOn) HoldFirstAnswer()
    {
        var answer = _provider.Issuer.Server.Answers["/token"];
        var (made, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        _provider.Issuer.Server.Answers["/token"] = async context =>
        {
            _provider.Issuer.Server.Answers["/token"] = answer;
            var body = context.Response.Body;
            using var held = new MemoryStream();
            context.Response.Body = held;
            await answer(context);
            context.Response.Body = body;
            made.SetResult();
            await goOn.Task;
            await body.WriteAsync(held.ToArray(), Token);
        };
        return (made.Task, goOn.SetResult);
    }

    private async Task<string> GroupsAsync()
    {
        var person = (await _host.Metadata.FindPrincipalAsync("ann@example.test", Token))!;
        return string.Join(' ', (await _host.Metadata.ListGroupsAsync(person.Id, Token)).Select(group => group.Name).Order(StringComparer.Ordinal));
    }
}

using System.Net;
using System.Text.Json.Nodes;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Tests.Identity;

/// <summary>What holds of a person of an outside provider after the sign-in: groups, and the renewals at which the provider is asked again.</summary>
public sealed class OutsideRenewalTests : IAsyncLifetime
{
    private OutsideProvider _provider = null!;
    private RegistryHost _host = null!;
    private OutsideBrowser _browser = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        _provider = await OutsideProvider.StartAsync(clock);
        _host = await OutsideBrowser.HostAsync(_provider, options => options with { GroupMap = ["/platform=operators", "/nowhere=absent"] });
        _browser = new OutsideBrowser(_host, _provider);
        await _host.Metadata.CreatePrincipalAsync(new NewPrincipal(PrincipalKind.Group, "operators", "operators"), Caller.System, Token);
    }

    public async ValueTask DisposeAsync()
    {
        _browser.Dispose();
        await _host.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Fact]
    public async Task Groups_of_the_provider_are_groups_here_and_a_removed_one_counts_no_more_after_the_renewal()
    {
        _provider.Claims["groups"] = new JsonArray("devs", "/platform", "/nowhere");
        var answer = await _browser.SignInAsync();
        var ann = await AnnAsync();
        Assert.Equal(["operators", "outside:devs"], await GroupsAsync());
        await _host.AssignAsync("outside:devs", "AcrPush");
        using var docker = await DockerAsync(answer["access_token"]);
        Assert.Equal(HttpStatusCode.Created, await docker.PushBlobAsync("team-a/app", "one"u8.ToArray()));

        _provider.Claims["groups"] = new JsonArray("/platform");
        var renewed = await _browser.RefreshAsync(answer["refresh_token"]);

        Assert.Equal(HttpStatusCode.OK, renewed.Status);
        Assert.Equal(["operators"], await GroupsAsync());
        Assert.NotEqual(HttpStatusCode.Created, await docker.PushBlobAsync("team-a/app", "two"u8.ToArray()));
        var kinds = await KindsAsync();
        Assert.Contains(LedgerKinds.MemberAdded, kinds);
        Assert.Contains(LedgerKinds.MemberRemoved, kinds);
        Assert.Equal(ann.Epoch, (await AnnAsync()).Epoch); // the sign-in itself goes on
        Assert.Equal(HttpStatusCode.OK, (await _browser.RefreshAsync(renewed["refresh_token"])).Status);
    }

    [Fact]
    public async Task A_membership_that_was_given_here_stays_and_a_group_is_the_same_for_the_next_person()
    {
        _provider.Claims["groups"] = "devs"; // some providers write one group so
        var answer = await _browser.SignInAsync();
        var operators = (await _host.Metadata.FindPrincipalAsync("operators", Token))!;
        await _host.Metadata.AddMemberAsync(operators.Id, (await AnnAsync()).Id, Caller.System, Token);
        _provider.Claims.Remove("groups");
        Assert.Equal(HttpStatusCode.OK, (await _browser.RefreshAsync(answer["refresh_token"])).Status);
        Assert.Equal(["operators"], await GroupsAsync());

        _provider.Claims["sub"] = "subject-2";
        _provider.Claims["preferred_username"] = "bob@example.test";
        _provider.Claims["groups"] = new JsonArray("devs", 7, "", "x\ny");
        await _browser.SignInAsync();
        Assert.Equal(["outside:devs"], await GroupsAsync("bob@example.test"));
    }

    [Fact]
    public async Task A_group_with_the_name_of_one_here_is_another_one()
    {
        _provider.Claims["groups"] = new JsonArray("operators");

        await _browser.SignInAsync();

        Assert.Equal(["outside:operators"], await GroupsAsync());
    }

    [Theory]
    [InlineData("""{"_claim_names":{"groups":"src1"},"_claim_sources":{"src1":{"endpoint":"https://graph.example"}}}""")]
    [InlineData("""{"hasgroups":true}""")]
    public async Task Too_many_groups_for_the_token_are_an_error_and_not_none(string claims)
    {
        foreach (var (name, value) in JsonNode.Parse(claims)!.AsObject()) _provider.Claims[name] = value!.DeepClone();

        var back = await _browser.ComeBackAsync(_provider.Consent(await _browser.LeaveAsync()));

        Assert.Equal(HttpStatusCode.Forbidden, back.StatusCode);
        Assert.Contains("too many", await back.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_groups_than_are_kept_are_an_error_and_not_as_many_as_are_kept()
    {
        _provider.Claims["groups"] = new JsonArray([.. Enumerable.Range(0, 1_001).Select(i => JsonValue.Create($"group-{i}"))]);

        var back = await _browser.ComeBackAsync(_provider.Consent(await _browser.LeaveAsync()));

        Assert.Equal(HttpStatusCode.Forbidden, back.StatusCode);
        Assert.Contains("more than 1000 groups", await back.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Null(await _host.Metadata.FindOutsidePersonAsync(_provider.Name, "subject-1", Token));
    }

    [Fact]
    public async Task Programs_that_share_a_sign_in_ask_the_provider_once_and_go_on_with_the_same_token()
    {
        var first = (await _browser.SignInAsync())["refresh_token"];

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => _browser.RefreshAsync(first)));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        var next = Assert.Single(answers.Select(answer => answer["refresh_token"]).Distinct());
        Assert.Equal((next, 1), ((await _browser.RefreshAsync(first))["refresh_token"], _provider.Renewals)); // and a moment later, too

        // What the provider gave is what it is asked with the next time.
        Assert.Equal(HttpStatusCode.OK, (await _browser.RefreshAsync(next)).Status);
        Assert.Equal(2, _provider.Renewals);
    }

    [Theory]
    [InlineData(503)]
    [InlineData(429)]
    [InlineData(200)]
    public async Task A_provider_that_cannot_be_asked_costs_nothing(int status)
    {
        var answer = await _browser.SignInAsync();
        _provider.Instead = context =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync("busy");
        };

        var failed = await _browser.RefreshAsync(answer["refresh_token"]);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "temporarily_unavailable"), failed.Refusal);
        Assert.NotNull(failed.Message.Headers.RetryAfter);
        _provider.Instead = null;
        Assert.Equal(HttpStatusCode.OK, (await _browser.RefreshAsync(answer["refresh_token"])).Status);
    }

    [Theory]
    [InlineData("invalid_grant")]
    [InlineData("interaction_required")]
    public async Task A_provider_that_says_no_ends_the_sign_in(string error)
    {
        var answer = await _browser.SignInAsync();
        _provider.Instead = context => OutsideProvider.RefuseAsync(context, error);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await _browser.RefreshAsync(answer["refresh_token"])).Refusal);
        _provider.Instead = null;
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await _browser.RefreshAsync(answer["refresh_token"])).Refusal);
    }

    [Fact]
    public async Task A_key_that_the_provider_signs_with_since_a_moment_ago_costs_nothing()
    {
        var answer = await _browser.SignInAsync();
        using var next = System.Security.Cryptography.RSA.Create(2048);
        _provider.Issuer.Publish(TokenIssuer.JwkOf(next, "k2"));
        _provider.Sign = claims => _provider.Token(new { kid = "k2" }, claims, _provider.Issuer.With(next));

        Assert.Equal("temporarily_unavailable", (await _browser.RefreshAsync(answer["refresh_token"])).Refusal.Error);
        Assert.NotNull(await _host.Metadata.FindOutsidePersonAsync(_provider.Name, "subject-1", Token));
    }

    [Fact]
    public async Task A_provider_that_speaks_of_another_person_ends_the_sign_in()
    {
        var answer = await _browser.SignInAsync();
        _provider.Claims["sub"] = "subject-2";

        Assert.Equal("invalid_grant", (await _browser.RefreshAsync(answer["refresh_token"])).Refusal.Error);
        Assert.Null(await _host.Metadata.FindOutsidePersonAsync(_provider.Name, "subject-2", Token));
    }

    [Fact]
    public async Task Without_a_refresh_token_of_the_provider_the_groups_hold_for_a_working_day()
    {
        _provider.GivesRefreshTokens = false;
        var answer = await _browser.SignInAsync();
        _host.Time.Advance(TimeSpan.FromHours(8) - TimeSpan.FromMinutes(1));
        answer = await _browser.RefreshAsync(answer["refresh_token"]);
        Assert.Equal((HttpStatusCode.OK, 0), (answer.Status, _provider.Renewals));
        _host.Time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal("invalid_grant", (await _browser.RefreshAsync(answer["refresh_token"])).Refusal.Error);
    }

    [Fact]
    public async Task A_sign_in_by_the_provider_before_this_one_ends_at_its_renewal()
    {
        _provider.GivesRefreshTokens = false; // or it would be this one that says no
        var answer = await _browser.SignInAsync();
        Assert.Equal(1, await _host.TamperAsync("UPDATE principals SET issuer = 'https://before.example' WHERE issuer IS NOT NULL AND name = 'ann@example.test'"));

        for (var i = 0; i < 2; i++) Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await _browser.RefreshAsync(answer["refresh_token"])).Refusal);
    }

    [Fact]
    public async Task A_renewal_without_an_id_token_asks_for_the_claims()
    {
        _provider.GivesIdTokensAtRefresh = false;
        _provider.Claims["groups"] = new JsonArray("devs");
        var answer = await _browser.SignInAsync();
        _provider.UserInfo = new JsonObject { ["sub"] = "subject-1", ["groups"] = new JsonArray("ops") };

        answer = await _browser.RefreshAsync(answer["refresh_token"]);
        Assert.Equal(["outside:ops"], await GroupsAsync());
        _provider.UserInfo = new JsonObject { ["sub"] = "subject-2", ["groups"] = new JsonArray("devs") };
        Assert.Equal("invalid_grant", (await _browser.RefreshAsync(answer["refresh_token"])).Refusal.Error);
        Assert.Equal(["outside:ops"], await GroupsAsync());
    }

    [Fact]
    public async Task The_refresh_token_of_the_provider_is_kept_unreadable()
    {
        await _browser.SignInAsync();

        // As many rows as there are that a reader of the database could find it in.
        Assert.Equal(0, await _host.TamperAsync($"UPDATE authority_grants SET state = state WHERE payload LIKE '%{_provider.LastRefreshToken}%'"));
        Assert.NotEqual(0, await _host.TamperAsync("UPDATE authority_grants SET state = state WHERE kind = 'refresh' AND payload LIKE '%Outside%'"));
    }

    [Fact]
    public async Task A_deleted_account_s_sign_in_ends_and_the_next_one_begins_without_rights()
    {
        _provider.Claims["groups"] = new JsonArray("devs");
        var answer = await _browser.SignInAsync();
        var before = await AnnAsync();
        await _host.Metadata.DeletePrincipalAsync(before.Id, Caller.System, Token);
        Assert.Equal("invalid_grant", (await _browser.RefreshAsync(answer["refresh_token"])).Refusal.Error);

        await _browser.SignInAsync();
        Assert.NotEqual(before.Id, (await AnnAsync()).Id);
    }

    private async Task<PrincipalRecord> AnnAsync() => (await _host.Metadata.FindPrincipalAsync("ann@example.test", Token))!;

    private async Task<string[]> GroupsAsync(string name = "ann@example.test")
    {
        var person = (await _host.Metadata.FindPrincipalAsync(name, Token))!;
        return [.. (await _host.Metadata.ListGroupsAsync(person.Id, Token)).Select(group => group.Name).Order(StringComparer.Ordinal)];
    }

    private async Task<List<string>> KindsAsync()
    {
        var records = await _host.Metadata.ReadLedgerAsync(0, 1_000, Token);
        return [.. records.Select(record => record.Kind)];
    }

    /// <summary>A docker client that got a refresh token of the registry for the access token, as the CLI's login has it.</summary>
    private async Task<HttpClient> DockerAsync(string accessToken)
    {
        using var client = _host.WithoutCredential();
        var exchanged = await Answer.ReadAsync(await client.PostAsync(
            "/oauth2/exchange",
            new FormUrlEncodedContent([new("grant_type", "access_token"), new("service", "local.berth.localhost"), new("access_token", accessToken)])));
        return _host.ClientOf("00000000-0000-0000-0000-000000000000", exchanged["refresh_token"]);
    }
}

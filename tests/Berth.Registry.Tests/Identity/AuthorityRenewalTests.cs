using System.Net;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Identity;

/// <summary>The renewal of a person's sign-in by refresh tokens: who may, how often, for how long, and what ends it.</summary>
public sealed class AuthorityRenewalTests : IAsyncLifetime
{
    private RegistryHost _host = null!;
    private AuthorityClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await RegistryHost.StartAsync();
        _client = await AuthorityClient.StartAsync(_host);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Programs_that_share_a_sign_in_renew_it_at_once_and_go_on_with_the_same_token()
    {
        var first = await _client.PersonAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => _client.RefreshAsync(first["refresh_token"])));
        Assert.Single(answers.Select(answer => answer["refresh_token"]).Distinct());
        Assert.All(answers, answer => Assert.NotEqual(first["refresh_token"], answer["refresh_token"]));

        _host.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(answers[0]["refresh_token"], (await _client.RefreshAsync(first["refresh_token"]))["refresh_token"]);
        Assert.Equal(HttpStatusCode.OK, (await _client.RefreshAsync(answers[0]["refresh_token"])).Status);
    }

    [Fact]
    public async Task A_refresh_token_before_the_last_one_ends_its_family_however_soon_it_comes()
    {
        var first = await _client.PersonAsync();
        var second = await _client.RefreshAsync(first["refresh_token"]);
        var third = await _client.RefreshAsync(second["refresh_token"]);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await _client.RefreshAsync(first["refresh_token"])).Refusal);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await _client.RefreshAsync(third["refresh_token"])).Refusal);
    }

    [Fact]
    public async Task A_sign_in_cannot_be_renewed_for_ever()
    {
        var token = (await _client.PersonAsync())["refresh_token"];
        for (var i = 0; i < 90; i++)
        {
            _host.Time.Advance(TimeSpan.FromHours(23.9));
            token = (await _client.RefreshAsync(token))["refresh_token"];
        }

        _host.Time.Advance(TimeSpan.FromDays(90) - (90 * TimeSpan.FromHours(23.9)) - TimeSpan.FromSeconds(1));
        token = (await _client.RefreshAsync(token))["refresh_token"];
        _host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await _client.RefreshAsync(token)).Refusal);
    }

    [Fact]
    public async Task A_refresh_token_is_used_once_and_gives_the_next_one()
    {
        var first = await _client.PersonAsync();
        var second = await _client.RefreshAsync(first["refresh_token"], scope: $"{AuthorityClient.Graph}/.default offline_access");
        var third = await _client.RefreshAsync(second["refresh_token"]);

        Assert.Equal(AuthorityClient.Person, await _client.BearerAsync(second["access_token"], AuthorityClient.Graph));
        Assert.Equal(AuthorityClient.Person, await _client.BearerAsync(third["access_token"]));
        Assert.Equal(3, new[] { first["refresh_token"], second["refresh_token"], third["refresh_token"] }.Distinct().Count());
    }

    [Fact]
    public async Task A_refresh_token_that_was_used_a_while_ago_ends_its_whole_family()
    {
        var first = await _client.PersonAsync();
        var other = await _client.PersonAsync();
        var second = await _client.RefreshAsync(first["refresh_token"]);
        _host.Time.Advance(TimeSpan.FromSeconds(61));

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await _client.RefreshAsync(first["refresh_token"])).Refusal);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await _client.RefreshAsync(second["refresh_token"])).Refusal);
        Assert.Equal(HttpStatusCode.OK, (await _client.RefreshAsync(other["refresh_token"])).Status);
    }

    [Fact]
    public async Task A_refresh_token_is_good_for_its_own_program_only()
    {
        var token = (await _client.PersonAsync())["refresh_token"];

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await _client.RefreshAsync(token, "1950a258-227b-4e31-a9cf-717495945fc2")).Refusal);
        Assert.Equal(HttpStatusCode.OK, (await _client.RefreshAsync(token)).Status);
    }

    [Fact]
    public async Task A_refresh_token_ends_with_its_time_which_each_use_moves()
    {
        var token = (await _client.PersonAsync())["refresh_token"];
        for (var i = 0; i < 3; i++)
        {
            _host.Time.Advance(TimeSpan.FromHours(23));
            token = (await _client.RefreshAsync(token))["refresh_token"];
        }

        _host.Time.Advance(TimeSpan.FromHours(24));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await _client.RefreshAsync(token)).Refusal);
    }

    [Fact]
    public async Task A_new_password_or_another_state_ends_a_sign_in()
    {
        var before = await _client.PersonAsync();
        await _host.Metadata.SetPasswordAsync(AuthorityClient.Person, QuickHash.Of("another password"), Caller.System, CancellationToken.None);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await _client.RefreshAsync(before["refresh_token"])).Refusal);
        Assert.Null(await _client.BearerAsync(before["access_token"]));

        var after = await _client.PersonAsync(password: "another password");
        await _host.Metadata.UpdatePrincipalAsync(_client.Alice.Id, new PrincipalChanges(Enabled: false), Caller.System, CancellationToken.None);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (await _client.RefreshAsync(after["refresh_token"])).Refusal);
        Assert.Null(await _client.BearerAsync(after["access_token"]));
    }

    [Fact]
    public async Task Codes_and_refresh_tokens_are_kept_as_hashes()
    {
        var token = (await _client.PersonAsync())["refresh_token"];

        foreach (var part in token.Split('.'))
        {
            Assert.Equal(0, await _host.TamperAsync(
                $"UPDATE authority_grants SET state = state WHERE instr(payload, '{part}') > 0 OR instr(hash, '{part}') > 0",
                $"UPDATE authority_grants SET state = state WHERE strpos(payload, '{part}') > 0 OR strpos(encode(hash, 'escape'), '{part}') > 0"));
        }

        Assert.Equal(1, await _host.TamperAsync("UPDATE authority_grants SET state = state"));
    }
}

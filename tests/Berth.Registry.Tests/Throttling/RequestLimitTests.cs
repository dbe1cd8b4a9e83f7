using System.Net;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;
using Berth.Registry.Throttling;

namespace Berth.Registry.Tests.Throttling;

/// <summary>Limits of requests a minute, as callers of a registry and of the control plane meet them.</summary>
public sealed class RequestLimitTests
{
    private const string Absent = "/v2/team/app/manifests/absent";

    [Fact]
    public async Task Nothing_is_limited_unless_somebody_asks_for_it()
    {
        await using var host = await RegistryHost.StartAsync();
        using var anybody = host.WithoutCredential();
        for (var i = 0; i < 300; i++)
        {
            using var answer = await anybody.GetAsync("/v2/");
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.False(answer.Headers.Contains(RequestLimiter.RemainingHeader));
        }
    }

    [Fact]
    public async Task Whoever_asks_too_often_is_told_when_to_come_back_and_may_then()
    {
        await using var host = await StartAsync(new() { Read = new() { PerCaller = 4 } });
        using var alice = await ReaderAsync(host, "alice");
        for (var i = 0; i < 4; i++) await ExpectAsync(HttpStatusCode.NotFound, alice, "GET", Absent);
        using (var refused = await alice.GetAsync(Absent))
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            Assert.Equal(15, refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
            var error = JsonDocument.Parse(await refused.Content.ReadAsStringAsync()).RootElement.GetProperty("errors")[0];
            Assert.Equal("TOOMANYREQUESTS", error.GetProperty("code").GetString());
            Assert.Equal("Too many requests: the limit is 4 reads a minute for 'alice'; try again in 15 seconds.", error.GetProperty("message").GetString());
        }

        host.Time.Advance(TimeSpan.FromSeconds(12.2));
        Assert.Equal(3, (await ExpectAsync(HttpStatusCode.TooManyRequests, alice, "HEAD", Absent)).TotalSeconds);
        host.Time.Advance(TimeSpan.FromSeconds(3));
        await ExpectAsync(HttpStatusCode.NotFound, alice, "GET", Absent);
        await ExpectAsync(HttpStatusCode.TooManyRequests, alice, "GET", Absent);
    }

    [Fact]
    public async Task What_one_is_refused_takes_nothing_from_the_others()
    {
        await using var host = await StartAsync(new() { Read = new() { Total = 20, PerCaller = 5 } });
        using var greedy = await ReaderAsync(host, "greedy");
        using var modest = await ReaderAsync(host, "modest");
        for (var i = 0; i < 60; i++) (await greedy.GetAsync(Absent)).Dispose();
        for (var i = 0; i < 5; i++) await ExpectAsync(HttpStatusCode.NotFound, modest, "GET", Absent);
    }

    [Fact]
    public async Task What_a_registry_serves_all_its_callers_has_an_end_and_another_registry_its_own()
    {
        await using var host = await StartAsync(new() { Read = new() { Total = 6 } });
        await host.Metadata.CreateRegistryAsync(new NewRegistry("other", "subscription", "default", "test", "Premium"), Caller.System, CancellationToken.None);
        using var first = await ReaderAsync(host, "first");
        using var second = await ReaderAsync(host, "second");
        for (var i = 0; i < 6; i++) await ExpectAsync(HttpStatusCode.NotFound, i % 2 == 0 ? first : second, "GET", Absent);
        await ExpectAsync(HttpStatusCode.TooManyRequests, first, "GET", Absent);

        // Nothing is verified then: not even whether there is such a user.
        using var nobody = host.ClientOf("nobody", "no password");
        await ExpectAsync(HttpStatusCode.TooManyRequests, nobody, "GET", Absent);
        using var elsewhere = new HttpRequestMessage(HttpMethod.Get, "/v2/") { Headers = { Host = "other.berth.localhost" } };
        using var answer = await host.WithoutCredential().SendAsync(elsewhere);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task Callers_without_an_identity_are_told_apart_by_their_addresses()
    {
        await using var host = await StartAsync(new() { Read = new() { PerCaller = 3 } });
        using var first = host.From("127.0.0.2");
        using var second = host.From("127.0.0.3");
        for (var i = 0; i < 3; i++) await ExpectAsync(HttpStatusCode.Unauthorized, first, "GET", "/v2/");
        await ExpectAsync(HttpStatusCode.TooManyRequests, first, "GET", "/v2/");
        await ExpectAsync(HttpStatusCode.TooManyRequests, first, "GET", "/acr/v1/_catalog");
        await ExpectAsync(HttpStatusCode.Unauthorized, second, "GET", "/v2/");

        // Who proves who asks is not counted with those who share the address.
        first.DefaultRequestHeaders.Authorization = new("Bearer", "no token");
        await ExpectAsync(HttpStatusCode.TooManyRequests, first, "GET", "/v2/");
        first.DefaultRequestHeaders.Authorization = System.Net.Http.Headers.AuthenticationHeaderValue.Parse(host.Endpoint.PasswordHeader);
        await ExpectAsync(HttpStatusCode.OK, first, "GET", "/v2/");
    }

    [Fact]
    public async Task Writes_deletes_and_lists_of_referrers_are_limited_by_themselves()
    {
        await using var host = await StartAsync(new() { Write = new() { PerCaller = 2 }, Delete = new() { PerCaller = 1 }, Referrers = new() { PerCaller = 1 } });
        using var owner = host.ClientOf("owner", RegistryHost.Password);
        var referrers = $"/v2/team/app/referrers/sha256:{new string('a', 64)}";
        for (var i = 0; i < 2; i++) await ExpectAsync(HttpStatusCode.Accepted, owner, "POST", "/v2/team/app/blobs/uploads/");
        Assert.Equal(30, (await ExpectAsync(HttpStatusCode.TooManyRequests, owner, "POST", "/v2/team/app/blobs/uploads/")).TotalSeconds);
        await ExpectAsync(HttpStatusCode.TooManyRequests, owner, "PUT", Absent);
        await ExpectAsync(HttpStatusCode.TooManyRequests, owner, "PATCH", "/acr/v1/team/app");
        await ExpectAsync(HttpStatusCode.NotFound, owner, "DELETE", Absent);
        await ExpectAsync(HttpStatusCode.TooManyRequests, owner, "DELETE", Absent);
        await ExpectAsync(HttpStatusCode.OK, owner, "GET", referrers);
        await ExpectAsync(HttpStatusCode.TooManyRequests, owner, "GET", referrers);
        await ExpectAsync(HttpStatusCode.NotFound, owner, "GET", Absent);
    }

    [Fact]
    public async Task Whoever_asks_for_tokens_too_often_is_refused_before_a_password_is_looked_at()
    {
        await using var host = await StartAsync(new() { Token = new() { PerCaller = 3 } });
        using var guesser = host.ClientOf("owner", "a wrong password");
        for (var i = 0; i < 3; i++) await ExpectAsync(HttpStatusCode.Unauthorized, guesser, "GET", "/oauth2/token?service=local.berth.localhost");
        using var owner = host.ClientOf("owner", RegistryHost.Password);
        Assert.Equal(20, (await ExpectAsync(HttpStatusCode.TooManyRequests, owner, "GET", "/oauth2/token?service=local.berth.localhost")).TotalSeconds);
        using var elsewhere = host.From("127.0.0.2");
        elsewhere.DefaultRequestHeaders.Authorization = owner.DefaultRequestHeaders.Authorization;
        await ExpectAsync(HttpStatusCode.OK, elsewhere, "GET", "/oauth2/token?service=local.berth.localhost");

        // The authority has a count of its own.
        for (var i = 0; i < 3; i++) await ExpectAsync(HttpStatusCode.OK, owner, "GET", "/adfs/discovery/keys");
        await ExpectAsync(HttpStatusCode.TooManyRequests, owner, "GET", "/adfs/discovery/keys");
    }

    [Fact]
    public async Task The_control_plane_has_limits_of_its_own_and_its_own_words_for_them()
    {
        await using var host = await StartAsync(new() { ControlRead = new() { PerCaller = 2 }, Read = new() { PerCaller = 1 } });
        using var owner = await ControlClient.OfOwnerAsync(host);
        for (var i = 0; i < 2; i++) await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local);
        using var refused = await owner.SendRawAsync("GET", $"{ControlClient.Local}?api-version=2023-07-01");
        Assert.Equal(30, refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
        var error = JsonDocument.Parse(await refused.Content.ReadAsStringAsync()).RootElement.GetProperty("error");
        Assert.Equal("TooManyRequests", error.GetProperty("code").GetString());
        Assert.Contains("2 reads of the control plane a minute for 'owner'", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        await owner.ExpectAsync(HttpStatusCode.OK, "PATCH", ControlClient.Local, """{"tags":{"a":"b"}}""");
    }

    [Fact]
    public async Task A_registry_has_what_its_SKU_has_in_Azure_where_that_is_asked_for()
    {
        await using var host = await StartAsync(new() { Mode = RateLimitMode.Sku });
        await host.Metadata.CreateRegistryAsync(new NewRegistry("basic", "subscription", "default", "test", "Basic"), Caller.System, CancellationToken.None);
        using var owner = host.ClientOf("owner", RegistryHost.Password);
        Assert.Equal("333.316667", await RemainingAsync(owner, "local", "GET", Absent));
        Assert.Equal("333.3", await RemainingAsync(owner, "local", "GET", Absent));
        Assert.Equal("66.65", await RemainingAsync(owner, "local", "DELETE", Absent));
        Assert.Equal("166.65", await RemainingAsync(owner, "basic", "GET", Absent));
        Assert.Equal("16.65", await RemainingAsync(owner, "basic", "DELETE", Absent));
        Assert.Equal("333.316667", await RemainingAsync(owner, "local", "GET", "/oauth2/token?service=local.berth.localhost"));
    }

    [Fact]
    public async Task One_registry_may_have_other_limits_than_the_rest()
    {
        Assert.True(RegistryLimit.TryParse("local:read=0/2", out var own));
        await using var host = await StartAsync(new() { Mode = RateLimitMode.Sku, Registries = [own] });
        using var owner = host.ClientOf("owner", RegistryHost.Password);
        for (var i = 0; i < 2; i++) await ExpectAsync(HttpStatusCode.NotFound, owner, "GET", Absent);
        await ExpectAsync(HttpStatusCode.TooManyRequests, owner, "GET", Absent);
    }

    [Theory]
    [InlineData("team1:Read=600/60", "team1:Read=600/60")]
    [InlineData("team1:referrers=0/0", "team1:Referrers=0/0")]
    [InlineData("team1:ControlRead=1/1", null)]
    [InlineData("team1:Read=600", null)]
    [InlineData("team1:Read=-1/1", null)]
    [InlineData("team1:Read=1/1000000000", null)]
    [InlineData("Team1:Read=1/1", null)]
    [InlineData("team1=1/1", null)]
    [InlineData("team1:0=1/1", null)]
    public void A_limit_of_one_registry_is_written_with_its_class_and_both_numbers(string text, string? expected) =>
        Assert.Equal(expected, RegistryLimit.TryParse(text, out var limit) ? limit.ToString() : null);

    private static Task<RegistryHost> StartAsync(RateLimitOptions limits) => RegistryHost.StartAsync(options: new RegistryOptions { RateLimits = limits });

    private static async Task<HttpClient> ReaderAsync(RegistryHost host, string name)
    {
        var client = await host.SignedInAsync(name);
        await host.AssignAsync(name, "AcrPull");
        return client;
    }

    private static async Task<TimeSpan> ExpectAsync(HttpStatusCode status, HttpClient client, string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var answer = await client.SendAsync(request);
        Assert.Equal(status, answer.StatusCode);
        return answer.Headers.RetryAfter?.Delta ?? TimeSpan.Zero;
    }

    private static async Task<string> RemainingAsync(HttpClient client, string registry, string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Headers = { Host = $"{registry}.berth.localhost" } };
        using var answer = await client.SendAsync(request);
        return answer.Headers.GetValues(RequestLimiter.RemainingHeader).Single();
    }
}

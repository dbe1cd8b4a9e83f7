using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Berth.Oci.Client;
using static Berth.Oci.Tests.Client.Clients;

namespace Berth.Oci.Tests.Client;

/// <summary>What the client does when it is asked to come later.</summary>
public sealed class WaitTests
{
    private static readonly byte[] Content = Encoding.UTF8.GetBytes("content to be pushed");
    private static readonly Digest ContentDigest = Sha256(Content);

    private readonly List<(HttpStatusCode Status, TimeSpan Wait)> _said = [];

    [Theory]
    [InlineData(429, "1")]
    [InlineData(503, "1")]
    [InlineData(429, "Tue, 01 Jan 2019 00:00:00 GMT")]
    public async Task A_request_goes_out_again_once_the_wait_is_over(int status, string wait)
    {
        var clock = Stopwatch.StartNew();
        var asked = 0;
        await using var registry = new FakeRegistry(_ => Interlocked.Increment(ref asked) == 1 ? Later(status, wait) : new FakeAnswer(200, Content));
        using var client = new RegistryClient(registry.Address, Patient());
        using var download = await client.OpenBlobAsync(App, ContentDigest, Cancel);
        Assert.Equal(Content, await ReadAllAsync(download));
        Assert.Equal(2, asked);
        Assert.True(clock.Elapsed > TimeSpan.FromSeconds(0.9), $"it came again after {clock.Elapsed}");
        var (said, length) = Assert.Single(_said);
        Assert.Equal(status, (int)said);
        Assert.InRange(length, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1.2));
    }

    [Fact]
    public async Task A_wait_that_is_too_long_is_a_refusal_that_says_how_long_it_would_be()
    {
        await using var registry = new FakeRegistry(_ => Later(429, "61"));
        using var client = new RegistryClient(registry.Address, Patient());
        var refusal = await Assert.ThrowsAsync<OciException>(() => client.FindBlobAsync(App, ContentDigest, Cancel));
        Assert.Equal((429, TimeSpan.FromSeconds(61)), (refusal.Status, refusal.RetryAfter));
        Assert.Single(registry.Seen);
        Assert.Empty(_said);
    }

    [Fact]
    public async Task A_registry_that_always_says_later_is_left_when_all_the_waits_together_are_too_long()
    {
        await using var registry = new FakeRegistry(_ => Later(429, "1"));
        using var client = new RegistryClient(registry.Address, Patient(TimeSpan.FromSeconds(2.5)));
        await Assert.ThrowsAsync<OciException>(() => client.FindBlobAsync(App, ContentDigest, Cancel));
        Assert.InRange(registry.Seen.Count, 3, 4);
        Assert.InRange(_said.Sum(said => said.Wait.TotalSeconds), 2, 2.5);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    [InlineData(404)]
    public async Task Without_a_wish_to_wait_nothing_is_waited_for(int status)
    {
        await using var registry = new FakeRegistry(_ => status == 404 ? Later(404, "1") : FakeAnswer.Error(status, "TOOMANYREQUESTS"));
        using var client = new RegistryClient(registry.Address, Patient());
        var refusal = await Assert.ThrowsAsync<OciException>(() => client.PingAsync(Cancel));
        Assert.Equal((status, null), (refusal.Status, refusal.RetryAfter));
        Assert.Single(registry.Seen);
    }

    [Fact]
    public async Task A_token_is_waited_for_too()
    {
        var asked = 0;
        FakeRegistry? own = null;
        await using var registry = own = new FakeRegistry(request => request.Target.StartsWith("/token", StringComparison.Ordinal)
            ? Interlocked.Increment(ref asked) == 1 ? Later(429, "1") : FakeAnswer.Json(200, """{"token":"abc"}""")
            : request["Authorization"] == "Bearer abc" ? new FakeAnswer(200)
            : new FakeAnswer(401).With("WWW-Authenticate", $"Bearer realm=\"{own!.Address}token\",service=\"s\""));
        using var client = new RegistryClient(registry.Address, Owner with { Waits = Waits(TimeSpan.FromMinutes(1)) });
        await client.PingAsync(Cancel);
        Assert.Equal(2, asked);
        Assert.Single(_said);
    }

    [Fact]
    public async Task A_refused_part_of_an_upload_is_sent_once_more_after_the_wait()
    {
        var refused = false;
        var held = 0;
        await using var registry = new FakeRegistry(request =>
        {
            if (request.Method == "PATCH" && !refused)
            {
                refused = true;
                return Later(429, "1");
            }

            held += request.Method is "PATCH" or "PUT" ? request.Body.Length : 0;
            return request.Method == "PUT"
                ? new FakeAnswer(201)
                : new FakeAnswer(request.Method == "GET" ? 204 : 202).With("Location", "/uploads/1").With("Range", string.Create(CultureInfo.InvariantCulture, $"0-{Math.Max(0, held - 1)}"));
        });
        using var client = new RegistryClient(registry.Address, Patient());
        await client.PushBlobAsync(App, ContentDigest, new MemoryStream(Content), 12, Cancel);
        Assert.Equal(Content.Length, held);
        Assert.InRange(Assert.Single(_said).Wait, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1.2));
    }

    private static FakeAnswer Later(int status, string wait) => FakeAnswer.Error(status, "TOOMANYREQUESTS").With("Retry-After", wait);

    private RegistryClientOptions Patient(TimeSpan? limit = null) => Anonymous with { Waits = Waits(limit ?? TimeSpan.FromMinutes(1)) };

    private RetryWaits Waits(TimeSpan limit) => new() { Limit = limit, Waiting = (_, status, wait) => _said.Add((status, wait)) };
}

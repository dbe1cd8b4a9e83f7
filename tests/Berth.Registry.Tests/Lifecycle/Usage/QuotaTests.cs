using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;
using Microsoft.Extensions.DependencyInjection;
using static Berth.Registry.Tests.Lifecycle.Usage.UsageCallsTests;

namespace Berth.Registry.Tests.Lifecycle.Usage;

/// <summary>Quotas, as clients that push meet them.</summary>
public sealed class QuotaTests
{
    [Fact]
    public async Task A_push_that_exceeds_the_quota_is_denied_with_every_number_and_leaves_nothing()
    {
        await using var host = await RegistryHost.StartAsync();
        await SetAsync(host, "quotas/repositories/team/app", """{"limit":1000}""");
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/app", new byte[400]));

        using var refused = await PushAsync(host, "team/app", new byte[601]);

        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        var error = (await ReadAsync(refused)).GetProperty("errors")[0];
        Assert.Equal(("DENIED", "team/app"), (error.GetProperty("code").GetString(), error.GetProperty("detail").GetString()));
        Assert.StartsWith(
            "The quota of the repository 'team/app' is 1000 bytes: 400 are used, 0 are reserved by other uploads, and this needs 601 more.", error.GetProperty("message").GetString(),
            StringComparison.Ordinal);
        Assert.Equal((400, 0), await HeldAsync(host, "quotas/repositories/team/app"));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/app", new byte[600]));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/other", new byte[601]));
    }

    [Fact]
    public async Task Of_two_pushes_at_once_that_together_exceed_it_one_is_denied()
    {
        await using var host = await RegistryHost.StartAsync();
        await SetAsync(host, "quotas", """{"limit":1000}""");

        var pushed = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => host.Client.PushBlobAsync("team/app", [.. Enumerable.Repeat((byte)i, 400)])));

        Assert.Equal((2, 4), (pushed.Count(status => status == HttpStatusCode.Created), pushed.Count(status => status == HttpStatusCode.Forbidden)));
        Assert.Equal((800, 0), await HeldAsync(host, "quotas"));
    }

    [Fact]
    public async Task A_stream_of_unknown_length_is_cut_off_where_the_quota_ends_and_its_reservation_with_it()
    {
        await using var host = await RegistryHost.StartAsync();
        await SetAsync(host, "quotas", """{"limit":200000}""");
        var upload = await StartAsync(host, "team/app");

        using var refused = await AppendAsync(host, upload, new byte[300_000], isChunked: true);

        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Equal((0, 0), await HeldAsync(host, "quotas"));
        var another = await StartAsync(host, "team/app");
        using var taken = await AppendAsync(host, another, new byte[150_000], isChunked: true);
        Assert.Equal(HttpStatusCode.Accepted, taken.StatusCode);
        Assert.Equal((0, 150_000), await HeldAsync(host, "quotas"));
        Assert.Equal(HttpStatusCode.Forbidden, await host.Client.PushBlobAsync("team/other", new byte[50_001]));
        using var done = await host.Client.PutAsync(new Uri($"{another}?digest={DigestOf(new byte[150_000])}", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.Created, done.StatusCode);
        Assert.Equal((150_000, 0), await HeldAsync(host, "quotas"));
    }

    [Fact]
    public async Task A_chunk_whose_length_is_announced_is_denied_before_a_byte_of_it_is_taken()
    {
        await using var host = await RegistryHost.StartAsync();
        await SetAsync(host, "quotas", """{"limit":1000}""");
        var upload = await StartAsync(host, "team/app");
        using var first = await AppendAsync(host, upload, new byte[600]);
        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);

        using var second = await AppendAsync(host, upload, new byte[500], from: 600);

        Assert.Equal(HttpStatusCode.Forbidden, second.StatusCode);
        using var status = await host.Client.GetAsync(new Uri(upload, UriKind.Relative));
        Assert.Equal("0-599", status.Headers.GetValues("Range").Single());
        Assert.Equal((0, 600), await HeldAsync(host, "quotas"));
        Assert.Equal(HttpStatusCode.NoContent, (await host.Client.DeleteAsync(new Uri(upload, UriKind.Relative))).StatusCode);
        Assert.Equal((0, 0), await HeldAsync(host, "quotas"));
    }

    [Fact]
    public async Task A_layer_that_the_registry_has_fits_into_one_that_is_full()
    {
        await using var host = await RegistryHost.StartAsync();
        var layer = new byte[1_000];
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/app", layer));
        await SetAsync(host, "quotas", """{"limit":1000}""");

        using var owner = host.ClientOf("owner", RegistryHost.Password);
        Assert.Equal(HttpStatusCode.Created, await owner.PushBlobAsync("team/other", layer));
        Assert.Equal(HttpStatusCode.Created, await host.Client.MountAsync("team/third", DigestOf(layer), "team/app"));
        Assert.Equal(HttpStatusCode.Forbidden, await host.Client.PutManifestAsync("team/app", "1", RegistryClientExtensions.Image(layer)));
        Assert.Equal((1_000, 0), await HeldAsync(host, "quotas"));

        await SetAsync(host, "quotas/repositories/team/fourth", """{"limit":999}""");
        Assert.Equal(HttpStatusCode.Forbidden, await host.Client.MountAsync("team/fourth", DigestOf(layer), "team/app"));
    }

    [Fact]
    public async Task A_full_registry_does_not_say_what_is_held_where_one_may_not_read()
    {
        await using var host = await RegistryHost.StartAsync();
        using var owner = host.ClientOf("owner", RegistryHost.Password);
        using var bob = await host.SignedInAsync("bob");
        await host.UseModeAsync(RoleAssignmentMode.AbacRepositoryPermissions);
        await host.AssignAsync(
            "bob", "Container Registry Repository Contributor",
            "@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringStartsWith 'open/'");
        var (own, near, hidden, absent) = (Filled(1), Filled(2), Filled(3), Filled(4));
        foreach (var (repository, content) in ((string, byte[])[])[("open/app", own), ("open/lib", near), ("secret/app", hidden)])
            Assert.Equal(HttpStatusCode.Created, await owner.PushBlobAsync(repository, content));
        await SetAsync(host, "quotas", """{"limit":1200}""");

        using var ofHidden = await PushAsync(bob, "open/app", hidden);
        using var ofAbsent = await PushAsync(bob, "open/app", absent);
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (ofHidden.StatusCode, ofAbsent.StatusCode));
        Assert.Equal(await ofAbsent.Content.ReadAsStringAsync(), await ofHidden.Content.ReadAsStringAsync());

        Assert.Equal(HttpStatusCode.Created, await bob.PushBlobAsync("open/app", own));
        Assert.Equal(HttpStatusCode.Created, await bob.PushBlobAsync("open/app", near));
        Assert.Equal(HttpStatusCode.Created, await owner.PushBlobAsync("open/app", hidden));
        Assert.Equal((1_200, 0), await HeldAsync(host, "quotas"));

        static byte[] Filled(byte value) => [.. Enumerable.Repeat(value, 400)];
    }

    [Fact]
    public async Task An_upload_that_stands_still_gives_its_room_back_and_needs_it_again_when_it_goes_on()
    {
        await using var host = await RegistryHost.StartAsync();
        await SetAsync(host, "quotas", """{"limit":1000}""");
        await SetAsync(host, "quotas/repositories/team/app", """{"limit":1000}""");
        var upload = await StartAsync(host, "team/app");
        using var sent = await AppendAsync(host, upload, new byte[900], isChunked: true);
        Assert.Equal((0, 900), await HeldAsync(host, "quotas"));
        host.Time.Advance(TimeSpan.FromMinutes(15) - TimeSpan.FromSeconds(1));
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Equal((0, 900), await HeldAsync(host, "quotas"));
        host.Time.Advance(TimeSpan.FromSeconds(1));
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Equal((0, 0), await HeldAsync(host, "quotas"));
        Assert.Equal((0, 0), await HeldAsync(host, "quotas/repositories/team/app"));

        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/other", new byte[600]));
        using var refused = await AppendAsync(host, upload, new byte[50], from: 900);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("is 1000 bytes", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var status = await host.Client.GetAsync(new Uri(upload, UriKind.Relative));
        Assert.Equal("0-899", status.Headers.GetValues("Range").Single());
        Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteBlobAsync("team/other", DigestOf(new byte[600])));

        using var more = await AppendAsync(host, upload, new byte[50], from: 900);
        Assert.Equal(HttpStatusCode.Accepted, more.StatusCode);
        Assert.Equal((0, 950), await HeldAsync(host, "quotas/repositories/team/app"));
        using var done = await host.Client.PutAsync(new Uri($"{upload}?digest={DigestOf(new byte[950])}", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.Created, done.StatusCode);
        Assert.Equal((950, 0), await HeldAsync(host, "quotas"));
        Assert.Empty(await host.Metadata.CheckAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_client_that_goes_away_holds_nothing_once_its_session_expired()
    {
        await using var host = await RegistryHost.StartAsync();
        await SetAsync(host, "quotas", """{"limit":1000}""");
        using var sent = await AppendAsync(host, await StartAsync(host, "team/app"), new byte[900]);
        Assert.Equal(HttpStatusCode.Forbidden, await host.Client.PushBlobAsync("team/app", new byte[101]));

        host.Time.Advance(TimeSpan.FromHours(25));
        await host.Collector.SweepAsync(CancellationToken.None);

        Assert.Equal((0, 0), await HeldAsync(host, "quotas"));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/app", new byte[1_000]));
    }

    [Fact]
    public async Task The_size_of_a_registry_is_limited_in_the_usages_of_the_control_plane()
    {
        await using var host = await RegistryHost.StartAsync();
        await SetAsync(host, "quotas", """{"limit":5000,"softLimit":4000}""");
        using var owner = await ControlClient.OfOwnerAsync(host);

        var list = await owner.ExpectAsync(HttpStatusCode.OK, "GET", ControlClient.Local + "/listUsages");

        var size = list.GetProperty("value").EnumerateArray().Single(line => line.GetProperty("name").GetString() == "Size");
        Assert.Equal((5_000, 0, "Bytes"), (Number(size, "limit"), Number(size, "currentValue"), size.GetProperty("unit").GetString()));
    }

    [Fact]
    public async Task Refusals_are_counted_and_a_soft_limit_is_told_of_once()
    {
        await using var host = await RegistryHost.StartAsync();
        await SetAsync(host, "quotas", """{"limit":1000,"softLimit":100}""");
        Assert.Equal(HttpStatusCode.Forbidden, await host.Client.PushBlobAsync("team/app", new byte[1_001]));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/app", new byte[200]));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/app", new byte[201]));
        var watch = host.Services.GetRequiredService<UsageWatch>();

        await watch.LookAsync(CancellationToken.None);
        await watch.LookAsync(CancellationToken.None);

        Assert.Equal([("berth.quota.refused", "registry", 1), ("berth.quota.refused", "repository", 0), ("berth.quota.soft_limit.passed", "", 1), ("berth.usage.size", "local", 401)], Measure(host));
        Assert.NotEqual(JsonValueKind.Undefined, (await GetAsync(host, "usage")).GetProperty("softLimitPassedAt").ValueKind);
    }

    [Fact]
    public async Task A_quota_is_set_shown_listed_and_taken_away()
    {
        await using var host = await RegistryHost.StartAsync();
        await SetAsync(host, "quotas/repositories/team/app", """{"limit":100,"softLimit":null}""");
        await SetAsync(host, "quotas/repositories/a", """{"softLimit":50}""");

        var list = (await GetAsync(host, "quotas/repositories")).GetProperty("repositories").EnumerateArray().Select(one => one.GetProperty("repository").GetString());
        Assert.Equal(["a", "team/app"], list);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(host, HttpMethod.Delete, "quotas/repositories/a")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(host, HttpMethod.Get, "quotas/repositories/a")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(host, HttpMethod.Delete, "quotas/repositories/a")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(host, HttpMethod.Delete, "quotas")).Status);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"limit":-1}""")]
    [InlineData("""{"limit":1.5}""")]
    [InlineData("""{"limit":"1GB"}""")]
    [InlineData("""{"limit":1152921504606846977}""")]
    [InlineData("""{"limit":10,"softLimit":11}""")]
    [InlineData("""{"size":10}""")]
    [InlineData("{}")]
    public async Task What_is_no_quota_is_refused_and_changes_nothing(string body)
    {
        await using var host = await RegistryHost.StartAsync();

        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(host, HttpMethod.Put, "quotas/repositories/team/app", body)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(host, HttpMethod.Get, "quotas/repositories/team/app")).Status);
    }

    private static async Task SetAsync(RegistryHost host, string path, string body) => Assert.Equal(HttpStatusCode.OK, (await SendAsync(host, HttpMethod.Put, path, body)).Status);

    private static async Task<(long Bytes, long Reserved)> HeldAsync(RegistryHost host, string path) =>
        await GetAsync(host, path) is var held ? (Number(held, "bytes"), Number(held, "reservedBytes")) : default;

    private static Task<HttpResponseMessage> PushAsync(RegistryHost host, string repository, byte[] content) => PushAsync(host.Client, repository, content);

    private static Task<HttpResponseMessage> PushAsync(HttpClient client, string repository, byte[] content) => client.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, $"/v2/{repository}/blobs/uploads/?digest={DigestOf(content)}") { Content = new ByteArrayContent(content) });

    private static async Task<string> StartAsync(RegistryHost host, string repository)
    {
        using var started = await host.Client.PostAsync(new Uri($"/v2/{repository}/blobs/uploads/", UriKind.Relative), null);
        return started.Headers.Location!.OriginalString;
    }

    private static Task<HttpResponseMessage> AppendAsync(RegistryHost host, string upload, byte[] content, bool isChunked = false, int from = 0)
    {
        var request = new HttpRequestMessage(HttpMethod.Patch, upload) { Content = new ByteArrayContent(content) };
        if (isChunked) request.Headers.TransferEncodingChunked = true;
        else request.Content.Headers.TryAddWithoutValidation("Content-Range", $"{from}-{from + content.Length - 1}");
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return host.Client.SendAsync(request);
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer)
    {
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return document.RootElement.Clone();
    }

    private static List<(string Name, string Tag, long Value)> Measure(RegistryHost host)
    {
        var measured = new List<(string, string, long)>();
        var metrics = host.Services.GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, asked) =>
        {
            if (instrument.Meter.Scope == metrics && (instrument.Name.StartsWith("berth.quota.", StringComparison.Ordinal) || instrument.Name == "berth.usage.size")) asked.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => measured.Add((instrument.Name, tags.IsEmpty ? "" : $"{tags[0].Value}", value)));
        listener.Start();
        listener.RecordObservableInstruments();
        return [.. measured.Order()];
    }

    private static Digest DigestOf(byte[] content) => Digest.Compute(DigestAlgorithm.Sha256, content);
}

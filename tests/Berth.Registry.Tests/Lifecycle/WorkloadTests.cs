using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Lifecycle;

/// <summary><c>/berth/v1/workloads</c>: what runs, and that nothing of it is deleted, as a client sees it.</summary>
public sealed class WorkloadTests
{
    private const string Path = "/berth/v1/workloads";
    private const string Repo = "team/app";

    private static readonly string Some = DigestOf("some").ToString();

    [Fact]
    public async Task A_report_is_listed_shown_replaced_and_ended()
    {
        await using var host = await RegistryHost.StartAsync();
        var (status, made) = await ReportAsync(
            host, "web", $$"""{"cluster":"prod","namespace":"shop","owner":"team-a","digests":["{{Some}}"],"images":[{"repository":"team/app","digest":"{{DigestOf("other")}}"}],"ttl":"PT2H"}""");
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal(["name", "state", "cluster", "namespace", "owner", "digestCount", "reportedAt", "reportedBy", "expiresAt"], made.Names());
        Assert.Equal(
            ("web", "live", "prod", "shop", "team-a", 2, "owner"),
            (Text(made, "name"), Text(made, "state"), Text(made, "cluster"), Text(made, "namespace"), Text(made, "owner"), made.GetProperty("digestCount").GetInt32(), Text(made, "reportedBy")));
        Assert.Equal(host.Time.GetUtcNow() + TimeSpan.FromHours(2), made.GetProperty("expiresAt").GetDateTimeOffset());

        var shown = await host.Client.JsonAsync($"{Path}/web");
        Assert.Equal(
            new[] { (null, Some), ("team/app", DigestOf("other").ToString()) }.OrderBy(image => image.Item2, StringComparer.Ordinal),
            shown.GetProperty("images").EnumerateArray().Select(image => (image.GetProperty("repository").GetString(), Text(image, "digest")!)));
        (status, made) = await ReportAsync(host, "web", """{"images":[]}""");
        Assert.Equal((HttpStatusCode.OK, 0, JsonValueKind.Null), (status, made.GetProperty("digestCount").GetInt32(), made.GetProperty("cluster").ValueKind));
        Assert.Equal(host.Time.GetUtcNow() + TimeSpan.FromDays(1), made.GetProperty("expiresAt").GetDateTimeOffset());

        Assert.Equal(HttpStatusCode.NoContent, (await host.Client.DeleteAsync(new Uri($"{Path}/web", UriKind.Relative))).StatusCode);
        foreach (var method in (string[])["GET", "DELETE"])
            Assert.Equal(HttpStatusCode.NotFound, (await host.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), new Uri($"{Path}/web", UriKind.Relative)))).StatusCode);
    }

    [Fact]
    public async Task A_report_that_changes_nothing_lasts_longer_and_is_not_in_the_ledger()
    {
        await using var host = await RegistryHost.StartAsync();
        var start = host.Time.GetUtcNow();
        var report = $$"""{"cluster":"prod","images":[{"repository":"team/app","digest":"{{Some}}"}],"ttl":"PT2H"}""";
        await ReportAsync(host, "web", report);
        Assert.Equal(1, await ReportsAsync());

        // Within a minute it writes nothing at all; later it holds from then on.
        host.Time.Advance(TimeSpan.FromSeconds(59));
        var (status, same) = await ReportAsync(host, "web", report);
        Assert.Equal((HttpStatusCode.OK, start + TimeSpan.FromHours(2)), (status, same.GetProperty("expiresAt").GetDateTimeOffset()));
        host.Time.Advance(TimeSpan.FromSeconds(1));
        (_, same) = await ReportAsync(host, "web", report);
        Assert.Equal((start + TimeSpan.FromMinutes(121), start + TimeSpan.FromMinutes(1)), (same.GetProperty("expiresAt").GetDateTimeOffset(), same.GetProperty("reportedAt").GetDateTimeOffset()));
        Assert.Equal(same.GetRawText(), (await host.Client.JsonAsync($"{Path}?digest={Some}")).GetProperty("workloads")[0].GetRawText());
        Assert.Equal(1, await ReportsAsync());

        foreach (var change in (string[])[report.Replace("PT2H", "PT3H", StringComparison.Ordinal), report.Replace("prod", "test", StringComparison.Ordinal), report.Replace("team/app", "team/other", StringComparison.Ordinal), """{"digests":[]}"""])
        {
            var before = await ReportsAsync();
            await ReportAsync(host, "web", change);
            Assert.Equal((change, before + 1), (change, await ReportsAsync()));
        }

        // One whose time was over had let go of what it kept.
        host.Time.Advance(TimeSpan.FromDays(2));
        await ReportAsync(host, "web", """{"digests":[]}""");
        Assert.Equal(6, await ReportsAsync());

        async Task<int> ReportsAsync() => (await host.Metadata.ReadLedgerAsync(0, 1_000, CancellationToken.None)).Count(record => record.Kind == LedgerKinds.WorkloadReported);
    }

    [Fact]
    public async Task Changes_of_a_report_are_taken_at_a_pace_and_the_last_one_taken_stands()
    {
        await using var host = await RegistryHost.StartAsync();
        for (var i = 0; i < 30; i++) Assert.Equal(i == 0 ? HttpStatusCode.Created : HttpStatusCode.OK, (await ReportAsync(host, "web", Report(i))).Status);

        using var content = new StringContent(Report(30), Encoding.UTF8, "application/json");
        using var refused = await host.Client.PutAsync(new Uri($"{Path}/web", UriKind.Relative), content);

        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(5)), (refused.StatusCode, refused.Headers.RetryAfter!.Delta));
        Assert.Contains("TOOMANYREQUESTS", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("29", Text(await host.Client.JsonAsync($"{Path}/web"), "owner"));
        Assert.Equal(HttpStatusCode.OK, (await ReportAsync(host, "web", Report(29))).Status);
        Assert.Equal(HttpStatusCode.Created, (await ReportAsync(host, "other", Report(30))).Status);
        host.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.OK, (await ReportAsync(host, "web", Report(30))).Status);

        static string Report(int owner) => $$"""{"owner":"{{owner}}","digests":[]}""";
    }

    [Fact]
    public async Task Lists_are_paged_by_name_and_by_digest()
    {
        await using var host = await RegistryHost.StartAsync();
        foreach (var name in (string[])["c", "a", "b"]) await ReportAsync(host, name, $$"""{"digests":["{{Some}}","{{DigestOf(name)}}"]}""");
        await ReportAsync(host, "d", """{"digests":[]}""");

        Assert.Equal(["a", "b", "c", "d"], await host.Client.WalkAsync($"{Path}?n=3", "workloads", "name"));
        Assert.Equal(["c", "a", "b"], await host.Client.WalkAsync($"{Path}?n=1&digest={Some}", "workloads", "name"));
        Assert.Equal(["a"], await host.Client.WalkAsync($"{Path}?digest={DigestOf("a")}", "workloads", "name"));
        Assert.Empty(await host.Client.WalkAsync($"{Path}?digest={DigestOf("none")}", "workloads", "name"));
        foreach (var wrong in (string[])["n=0", "n=x", "digest=x", $"digest={Some}&last=web"])
            Assert.Equal((wrong, HttpStatusCode.BadRequest), (wrong, (await host.Client.GetAsync(new Uri($"{Path}?{wrong}", UriKind.Relative))).StatusCode));
    }

    [Theory]
    [InlineData("{", "no JSON")]
    [InlineData("[]", "JSON object")]
    [InlineData("{}", "'digests'")]
    [InlineData("""{"digests":{}}""", "must be a list")]
    [InlineData("""{"digests":["sha256:abc"]}""", "no digest")]
    [InlineData("""{"images":["x"]}""", "must be an object")]
    [InlineData("""{"images":[{"repository":"a"}]}""", "no 'digest'")]
    [InlineData("""{"images":[{"digest":"DIGEST","repository":"Not/One"}]}""", "'repository'")]
    [InlineData("""{"images":[{"digest":"DIGEST","tag":"x"}]}""", "'tag'")]
    [InlineData("""{"digests":[],"since":1}""", "'since'")]
    [InlineData("""{"digests":[],"cluster":7}""", "'cluster'")]
    [InlineData("""{"digests":[],"owner":"a\u0000b"}""", "'owner'")]
    [InlineData("""{"digests":[],"ttl":59}""", "'ttl'")]
    [InlineData("""{"digests":[],"ttl":2592001}""", "'ttl'")]
    [InlineData("""{"digests":[],"ttl":1.5}""", "'ttl'")]
    [InlineData("""{"digests":[],"ttl":"-PT1H"}""", "'ttl'")]
    [InlineData("""{"digests":[],"ttl":"1 hour"}""", "'ttl'")]
    [InlineData("""{"digests":[],"ttl":"P9999999999D"}""", "'ttl'")]
    [InlineData("""{"digests":[],"owner":"\ud800"}""", "text that is none")]
    public async Task A_body_that_is_no_report_is_refused_and_the_report_before_stands(string body, string reason)
    {
        await using var host = await RegistryHost.StartAsync();
        await ReportAsync(host, "web", $$"""{"digests":["{{Some}}"]}""");

        var (status, answer) = await ReportAsync(host, "web", body.Replace("DIGEST", Some, StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(reason, Message(answer), StringComparison.Ordinal);
        Assert.Equal(1, (await host.Client.JsonAsync($"{Path}/web")).GetProperty("digestCount").GetInt32());
    }

    [Fact]
    public async Task Reports_names_and_lifetimes_have_bounds()
    {
        await using var host = await RegistryHost.StartAsync();
        var digests = Enumerable.Range(0, IWorkloads.MostDigests + 1).Select(i => $"\"{DigestOf($"digest {i}")}\"").ToList();
        Assert.Equal(HttpStatusCode.BadRequest, (await ReportAsync(host, "web", $$"""{"digests":[{{string.Join(',', digests)}}]}""")).Status);
        Assert.Equal(HttpStatusCode.Created, (await ReportAsync(host, "web", $$"""{"digests":[{{string.Join(',', digests.Skip(1))}}]}""")).Status);
        Assert.Equal(IWorkloads.MostDigests, (await host.Client.JsonAsync($"{Path}/web")).GetProperty("images").GetArrayLength());
        Assert.Equal(HttpStatusCode.OK, (await ReportAsync(host, "web", """{"digests":[]}""")).Status);
        using var tooLarge = new HttpRequestMessage(HttpMethod.Put, new Uri($"{Path}/web", UriKind.Relative)) { Content = Json($$"""{"owner":"{{new string('x', 5 * 1024 * 1024)}}"}""") };
        tooLarge.Headers.ExpectContinue = true;
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await host.Client.SendAsync(tooLarge)).StatusCode);

        foreach (var name in (string[])["-a", ".a", "a%20b", "a%2Fb", new string('a', 129)])
            Assert.Equal((name, HttpStatusCode.BadRequest), (name, (await ReportAsync(host, name, """{"digests":[]}""")).Status));
        foreach (var name in (string[])["", "a/b"])
            Assert.Equal((name, HttpStatusCode.NotFound), (name, (await ReportAsync(host, name, """{"digests":[]}""")).Status));
        foreach (var ttl in (string[])["60", "\"60\"", "2592000", "\"PT1M\"", "\"P30D\"", "null"])
            Assert.True((int)(await ReportAsync(host, "short", $$"""{"digests":[],"ttl":{{ttl}}}""")).Status is 200 or 201, ttl);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await host.Client.PostAsync(new Uri(Path, UriKind.Relative), null)).StatusCode);
    }

    [Fact]
    public async Task What_is_in_use_is_not_deleted_by_a_client_who_is_told_why_and_what_to_do()
    {
        await using var host = await RegistryHost.StartAsync();
        var digest = await ArtifactClient.PushAsync(host, Repo, "image", "v1", "v2");
        await ReportAsync(host, "web", $$"""{"cluster":"prod","namespace":"shop","images":[{"repository":"{{Repo}}","digest":"{{digest}}"}]}""");

        foreach (var path in (string[])[$"/v2/{Repo}/manifests/{digest}", $"/acr/v1/{Repo}"])
        {
            using var refused = await host.Client.DeleteAsync(new Uri(path, UriKind.Relative));
            Assert.Equal((path, HttpStatusCode.Conflict), (path, refused.StatusCode));
            using var body = JsonDocument.Parse(await refused.Content.ReadAsStringAsync());
            var error = body.RootElement.GetProperty("errors")[0];
            Assert.Equal(("DENIED", digest.ToString()), (Text(error, "code"), Text(error, "detail")));
            Assert.Equal(
                $"The manifest {digest} of '{Repo}' is in use by the workload 'web' (cluster 'prod', namespace 'shop'), as it reports until 2026-11-25 12:00 UTC. Move the workload off it, or end its report: berth workloads delete --registry <registry> --name web",
                Text(error, "message"));
        }

        // A tag is no digest: it may go, and the image stays.
        Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync(Repo, "v1"));
        Assert.Equal(HttpStatusCode.Accepted, (await host.Client.DeleteAsync(new Uri($"/acr/v1/{Repo}/_tags/v2", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, digest.ToString()));

        await host.Client.DeleteAsync(new Uri($"{Path}/web", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync(Repo, digest.ToString()));
    }

    [Fact]
    public async Task A_digest_that_is_reported_before_it_is_pushed_is_kept_from_its_push_on()
    {
        await using var host = await RegistryHost.StartAsync();
        await RetainAsync(host, new DeletionPolicyChange(true, 0));
        var layer = Encoding.UTF8.GetBytes("image");
        var digest = Digest.Compute(DigestAlgorithm.Sha256, RegistryClientExtensions.Image(layer));
        await ReportAsync(host, "web", $$"""{"digests":["{{digest}}"],"ttl":"P30D"}""");

        Assert.Equal(digest, await ArtifactClient.PushAsync(host, Repo, "image"));
        var other = await ArtifactClient.PushAsync(host, Repo, "other");
        await SweepAfterAsync(host, TimeSpan.FromDays(2));

        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, digest.ToString()));
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetBlobAsync(Repo, Digest.Compute(DigestAlgorithm.Sha256, layer))).Status);
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.GetManifestAsync(Repo, other.ToString()));
    }

    [Fact]
    public async Task A_platform_s_image_keeps_its_index_and_the_index_its_images()
    {
        await using var host = await RegistryHost.StartAsync();
        await RetainAsync(host, new DeletionPolicyChange(true, 0));
        byte[][] images = [RegistryClientExtensions.Image("amd64"u8.ToArray()), RegistryClientExtensions.Image("arm64"u8.ToArray())];
        foreach (var text in (string[])["amd64", "arm64"]) await ArtifactClient.PushAsync(host, Repo, text);
        var index = RegistryClientExtensions.Index(images);
        var digest = Digest.Compute(DigestAlgorithm.Sha256, index).ToString();
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, digest, index, MediaTypes.OciIndex));
        await ReportAsync(host, "web", $$"""{"digests":["{{Digest.Compute(DigestAlgorithm.Sha256, images[1])}}"],"ttl":"P30D"}""");
        await SweepAfterAsync(host, TimeSpan.FromDays(2));

        foreach (var kept in (string[])[digest, .. images.Select(image => Digest.Compute(DigestAlgorithm.Sha256, image).ToString())])
            Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, kept));
        Assert.Equal(HttpStatusCode.Conflict, await host.Client.DeleteManifestAsync(Repo, digest));
    }

    [Fact]
    public async Task A_report_that_ends_is_marked_counted_and_recorded_once_and_protects_no_more()
    {
        await using var host = await RegistryHost.StartAsync();
        var counted = new Dictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Scope == host.Services.GetRequiredService<IMeterFactory>()) l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => counted[instrument.Name] = value);
        listener.Start();
        await RetainAsync(host, new DeletionPolicyChange(true, 0));
        var digest = await ArtifactClient.PushAsync(host, Repo, "image");
        await host.Collector.SweepAsync(CancellationToken.None);
        await ReportAsync(host, "web", $$"""{"digests":["{{digest}}"],"ttl":"P2D"}""");
        await SweepAfterAsync(host, TimeSpan.FromDays(1.5));
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, digest.ToString()));

        // What it alone kept is looked at once a day, and then goes.
        await SweepAfterAsync(host, TimeSpan.FromDays(1));
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.GetManifestAsync(Repo, digest.ToString()));
        var listed = (await host.Client.JsonAsync(Path)).GetProperty("workloads")[0];
        Assert.Equal(("web", "expired"), (Text(listed, "name"), Text(listed, "state")));
        var records = (await host.Metadata.ReadLedgerAsync(0, 1_000, CancellationToken.None)).Where(record => record.Kind.StartsWith("workload.", StringComparison.Ordinal)).ToList();
        Assert.Equal([(LedgerKinds.WorkloadReported, "owner"), (LedgerKinds.WorkloadExpired, "system")], records.Select(record => (record.Kind, record.Actor)));
        listener.RecordObservableInstruments();
        Assert.Equal((1, 1), (counted["berth.workloads.reported"], counted["berth.workloads.expired"]));

        await SweepAfterAsync(host, TimeSpan.FromDays(91));
        Assert.Equal(0, (await host.Client.JsonAsync(Path)).GetProperty("workloads").GetArrayLength());
    }

    [Fact]
    public async Task Deleted_content_in_use_is_not_purged_on_demand_nor_when_its_days_are_over()
    {
        await using var host = await DeletedContentTests.StartAsync();
        var digest = await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync(Repo, digest.ToString()));
        await ReportAsync(host, "web", $$"""{"digests":["{{digest}}"],"ttl":"P30D"}""");

        Assert.Equal(HttpStatusCode.Conflict, (await host.Client.DeleteAsync(new Uri($"/acr/v1/_deleted/{Repo}/_manifests/{digest}", UriKind.Relative))).StatusCode);
        await SweepAfterAsync(host, TimeSpan.FromDays(8));
        Assert.Equal([digest.ToString()], await host.Client.WalkAsync($"/acr/v1/_deleted/{Repo}/_manifests", "manifests", "digest"));
        Assert.Equal(HttpStatusCode.OK, (await DeletedContentTests.PostAsync(host.Client, $"/acr/v1/_deleted/{Repo}/_manifests/{digest}", null)).Status);
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, digest.ToString()));
    }

    [Fact]
    public async Task A_report_counts_in_its_registry_alone_which_the_host_names()
    {
        await using var host = await RegistryHost.StartAsync();
        await host.Metadata.CreateRegistryAsync(new NewRegistry("other1", "subscription", "default", "local", "Premium"), Caller.System, CancellationToken.None);
        var digest = await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri($"{Path}/web", UriKind.Relative)) { Content = Json($$"""{"digests":["{{digest}}"]}""") };
        request.Headers.Host = "other1.berth.localhost";
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"owner:{RegistryHost.Password}")));
        Assert.Equal(HttpStatusCode.Created, (await host.Client.SendAsync(request)).StatusCode);

        Assert.Equal(0, (await host.Client.JsonAsync(Path)).GetProperty("workloads").GetArrayLength());
        Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync(Repo, digest.ToString()));
    }

    private static Digest DigestOf(string text) => Digest.Compute(DigestAlgorithm.Sha256, Encoding.UTF8.GetBytes(text));

    private static string? Text(JsonElement value, string name) => value.GetProperty(name).GetString();

    private static string Message(JsonElement answer) => Text(answer.GetProperty("errors")[0], "message")!;

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static async Task<(HttpStatusCode Status, JsonElement Body)> ReportAsync(RegistryHost host, string name, string body)
    {
        using var content = Json(body);
        using var answer = await host.Client.PutAsync(new Uri($"{Path}/{name}", UriKind.Relative), content);
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return (answer.StatusCode, document.RootElement.Clone());
    }

    private static async Task RetainAsync(RegistryHost host, DeletionPolicyChange policy)
    {
        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        await host.Metadata.UpdateRegistryAsync(registry!.Id, new RegistryChanges { Retention = policy }, Caller.System, CancellationToken.None);
        await host.Collector.SweepAsync(CancellationToken.None);
    }

    private static async Task SweepAfterAsync(RegistryHost host, TimeSpan time)
    {
        host.Time.Advance(time);
        await host.Collector.SweepAsync(CancellationToken.None);
    }
}

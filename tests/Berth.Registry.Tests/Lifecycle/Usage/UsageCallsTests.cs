using System.Net;
using System.Text;
using System.Text.Json;
using Berth.Oci;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Lifecycle.Usage;

/// <summary>What a registry says of its usage.</summary>
public sealed class UsageCallsTests
{
    private static readonly byte[] Shared = new byte[5_000];
    private static readonly byte[] Own = new byte[700];

    [Fact]
    public async Task The_registry_its_repositories_and_each_of_them_are_shown_with_exact_figures()
    {
        await using var host = await RegistryHost.StartAsync();
        var (app, other) = (RegistryClientExtensions.Image(Shared), RegistryClientExtensions.Image(Own));
        await PushAsync(host, "team/app", app, Shared);
        await PushAsync(host, "team/other", other, Own);
        Assert.Equal(HttpStatusCode.Created, await host.Client.MountAsync("team/other", DigestOf(Shared), "team/app"));

        var registry = await GetAsync(host, "usage");
        Assert.Equal("local.berth.localhost", registry.GetProperty("registry").GetString());
        Assert.Equal(Shared.Length + Own.Length + app.Length + other.Length, Number(registry, "bytes"));
        Assert.Equal((2, 2, 2, 0), (Number(registry, "blobs"), Number(registry, "manifests"), Number(registry, "tags"), Number(registry, "reservedBytes")));
        Assert.Equal(JsonValueKind.Null, registry.GetProperty("limit").ValueKind);

        var largest = (await GetAsync(host, "usage/repositories?top=1")).GetProperty("repositories").EnumerateArray().Single();
        Assert.Equal("team/other", largest.GetProperty("repository").GetString());
        Assert.Equal((Own.Length + other.Length, Shared.Length), (Number(largest, "uniqueBytes"), Number(largest, "sharedBytes")));

        var one = await GetAsync(host, "usage/repositories/team/app");
        Assert.Equal((Shared.Length + app.Length, app.Length), (Number(one, "bytes"), Number(one, "uniqueBytes")));
        Assert.Equal((Number(one, "bytes"), Number(one, "uniqueBytes")), await BytesAsync("usage/repositories/team%2Fapp"));
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetAsync(new Uri("/berth/v1/usage/repositories/team/nowhere", UriKind.Relative))).StatusCode);

        async Task<(long, long)> BytesAsync(string path) => await GetAsync(host, path) is var found ? (Number(found, "bytes"), Number(found, "uniqueBytes")) : default;
    }

    [Fact]
    public async Task A_walk_by_name_follows_links_to_every_repository()
    {
        await using var host = await RegistryHost.StartAsync();
        string[] names = ["a", "a-b", "a/b", "b"];
        foreach (var name in names) Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync(name, Own));

        List<string> seen = [];
        for (var next = "/berth/v1/usage/repositories?orderby=name&n=3"; next is not null;)
        {
            using var answer = await host.Client.GetAsync(new Uri(next, UriKind.Relative));
            using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            seen.AddRange(body.RootElement.GetProperty("repositories").EnumerateArray().Select(one => one.GetProperty("repository").GetString()!));
            next = answer.Headers.TryGetValues("Link", out var link) ? link.Single()[1..^"; rel=\"next\"".Length].TrimEnd('>') : null;
        }

        Assert.Equal(names, seen);
    }

    [Fact]
    public async Task What_an_image_holds_and_would_free_is_asked_by_digests()
    {
        await using var host = await RegistryHost.StartAsync();
        var (first, second) = (RegistryClientExtensions.Image(Shared), Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(RegistryClientExtensions.Image(Shared)) + " "));
        await PushAsync(host, "team/app", first, Shared);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync("team/app", "2", second));
        var path = $"usage/images/team/app?digest={DigestOf(first)}";

        var one = await GetAsync(host, path);
        Assert.Equal((Shared.Length + first.Length, first.Length, first.Length), (Number(one, "bytes"), Number(one, "uniqueBytes"), Number(one, "freedBytes")));
        var both = await GetAsync(host, $"{path}&digest={DigestOf(second)}");
        Assert.Equal(Shared.Length + first.Length + second.Length, Number(both, "freedBytes"));
        var posted = await SendAsync(host, HttpMethod.Post, "usage/images/team/app", $$"""{"digests":["{{DigestOf(first)}}","{{DigestOf(second)}}"],"children":false}""");
        Assert.Equal(HttpStatusCode.OK, posted.Status);
        Assert.Equal(Number(both, "freedBytes"), Number(posted.Body, "freedBytes"));

        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(host, HttpMethod.Get, $"usage/images/team/app?digest={DigestOf(Own)}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(host, HttpMethod.Get, $"usage/images/nowhere?digest={DigestOf(first)}")).Status);
        foreach (var wrong in new[] { "", "?digest=sha256:x", $"?digest={DigestOf(first)}&children=maybe" })
            Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(host, HttpMethod.Get, "usage/images/team/app" + wrong)).Status);
        foreach (var wrong in new[] { "", "[]", "{}", """{"digests":[1]}""", """{"digests":"x"}""", """{"more":1}""" })
            Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(host, HttpMethod.Post, "usage/images/team/app", wrong)).Status);
    }

    [Fact]
    public async Task The_history_has_a_line_for_each_day_that_was_looked_at()
    {
        await using var host = await RegistryHost.StartAsync();
        var watch = host.Services.GetRequiredService<Berth.Registry.Lifecycle.UsageWatch>();
        await watch.LookAsync(CancellationToken.None);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/app", Shared));
        await watch.LookAsync(CancellationToken.None);
        host.Time.Advance(TimeSpan.FromDays(2));
        await watch.LookAsync(CancellationToken.None);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/app", Own));

        var history = await GetAsync(host, "usage/history");
        Assert.Equal([("2026-11-24", 0L), ("2026-11-26", 5_000L)], history.GetProperty("days").EnumerateArray().Select(day => (day.GetProperty("day").GetString(), Number(day, "bytes"))));
        Assert.Equal((5_700, 5_700), (Number(history.GetProperty("now"), "bytes"), Number(history, "growthBytes")));
        Assert.Single((await GetAsync(host, "usage/history?days=2")).GetProperty("days").EnumerateArray());
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(host, HttpMethod.Get, "usage/history?days=401")).Status);
    }

    [Fact]
    public async Task The_history_of_a_repository_has_a_line_for_each_day_since_it_held_something()
    {
        await using var host = await RegistryHost.StartAsync();
        var watch = host.Services.GetRequiredService<Berth.Registry.Lifecycle.UsageWatch>();
        await PushAsync(host, "team/other", RegistryClientExtensions.Image(Own), Own);
        await watch.LookAsync(CancellationToken.None);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/app", Shared));
        host.Time.Advance(TimeSpan.FromDays(1));
        await watch.LookAsync(CancellationToken.None);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/app", Own));
        host.Time.Advance(TimeSpan.FromDays(3));
        await watch.LookAsync(CancellationToken.None);
        await watch.LookAsync(CancellationToken.None);

        var history = await GetAsync(host, "usage/history/team/app");

        Assert.Equal(
            [("2026-11-25", 5_000L), ("2026-11-26", 5_000L), ("2026-11-27", 5_000L), ("2026-11-28", 5_700L)],
            history.GetProperty("days").EnumerateArray().Select(day => (day.GetProperty("day").GetString(), Number(day, "bytes"))));
        Assert.Equal((5_700, 700), (Number(history.GetProperty("now"), "bytes"), Number(history, "growthBytes")));
        Assert.Equal(
            [("2026-11-27", 5_000L), ("2026-11-28", 5_700L)],
            (await GetAsync(host, "usage/history/team%2Fapp?days=2")).GetProperty("days").EnumerateArray().Select(day => (day.GetProperty("day").GetString(), Number(day, "bytes"))));
        Assert.Equal(5, (await GetAsync(host, "usage/history/team/other")).GetProperty("days").GetArrayLength());
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(host, HttpMethod.Get, "usage/history/team/nowhere")).Status);

        // A start on the same day looks once more, and what came in between belongs to the next day.
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("team/app", "more"u8.ToArray()));
        using var next = ActivatorUtilities.CreateInstance<Berth.Registry.Lifecycle.UsageWatch>(host.Services);
        await next.LookAsync(CancellationToken.None);
        Assert.Equal(5_700, Number((await GetAsync(host, "usage/history/team/app?days=1")).GetProperty("days")[0], "bytes"));
    }

    [Fact]
    public async Task Owners_are_shown_with_what_their_repositories_hold_together()
    {
        await using var host = await RegistryHost.StartAsync();
        var (app, other) = (RegistryClientExtensions.Image(Shared), RegistryClientExtensions.Image(Own));
        await PushAsync(host, "team/app", app, Shared);
        await PushAsync(host, "team/other", other, Own);
        await PushAsync(host, "loose/app", app, Shared);
        foreach (var repository in (string[])["team/app", "team/other"]) await OwnAsync(repository, "\"Ann & team\"");

        var (ann, nobody) = (Shared.Length + Own.Length + app.Length + other.Length, Shared.Length + app.Length);
        Assert.Equal(Rows(("Ann & team", ann, 2, 2, Own.Length + app.Length + other.Length), (null, nobody, 1, 1, app.Length)), await OwnersAsync());
        Assert.Equal(Rows(("Ann & team", ann, 2, 2, Own.Length + app.Length + other.Length)), await OwnersAsync("?top=1"));

        // It follows who owns a repository, what is deleted, and what is recounted.
        await OwnAsync("loose/app", "\"Bob\"");
        await OwnAsync("team/other", "null");
        await OwnAsync("team/app", "\"Bob\"");
        Assert.Equal(Rows(("Bob", 2 * nobody, 2, 2, 2 * app.Length), (null, Own.Length + other.Length, 1, 1, Own.Length + other.Length)), await OwnersAsync());
        Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync("loose/app", DigestOf(app).ToString()));
        host.Time.Advance(host.Grace * 2);
        await host.Collector.SweepAsync(CancellationToken.None);
        host.Time.Advance(host.Grace * 2);
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Equal(Rows(("Bob", nobody, 1, 1, nobody), (null, Own.Length + other.Length, 1, 1, Own.Length + other.Length)), await OwnersAsync());
        Assert.Empty(await host.Metadata.CheckAsync(CancellationToken.None));
        await host.Metadata.RecountUsageAsync(repair: true, CancellationToken.None);
        Assert.Equal(Rows(("Bob", nobody, 1, 1, nobody))[0], (await OwnersAsync())[0]);

        static (string?, long, long, long, long)[] Rows(params (string?, long, long, long, long)[] rows) => rows;

        async Task OwnAsync(string repository, string owner) =>
            Assert.Equal(HttpStatusCode.OK, (await host.Client.ChangeAsync(repository, $$"""{"owner":{{owner}}}""")).Status);

        async Task<List<(string?, long, long, long, long)>> OwnersAsync(string query = "") =>
        [
            .. (await GetAsync(host, "usage/owners" + query)).GetProperty("owners").EnumerateArray().Select(one =>
                (one.GetProperty("owner").GetString(), Number(one, "bytes"), Number(one, "manifests"), Number(one, "tags"), Number(one, "uniqueBytes"))),
        ];
    }

    [Theory]
    [InlineData("usage/owners?top=0", HttpStatusCode.BadRequest)]
    [InlineData("usage/history/team/app?days=401", HttpStatusCode.BadRequest)]
    [InlineData("usage/nothing", HttpStatusCode.NotFound)]
    [InlineData("usage/repositories/UPPER", HttpStatusCode.NotFound)]
    [InlineData("usage/repositories?orderby=size", HttpStatusCode.BadRequest)]
    [InlineData("usage/repositories?top=0", HttpStatusCode.BadRequest)]
    [InlineData("usage/repositories?orderby=name&n=1001", HttpStatusCode.BadRequest)]
    public async Task What_cannot_be_asked_is_refused(string path, HttpStatusCode status)
    {
        await using var host = await RegistryHost.StartAsync();

        Assert.Equal(status, (await SendAsync(host, HttpMethod.Get, path)).Status);
    }

    [Fact]
    public async Task A_method_that_a_path_does_not_have_is_refused_with_those_that_it_has()
    {
        await using var host = await RegistryHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/berth/v1/quotas");

        using var answer = await host.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal(["GET", "PUT", "DELETE"], answer.Content.Headers.Allow);
    }

    internal static async Task PushAsync(RegistryHost host, string repository, byte[] image, byte[] blob)
    {
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync(repository, blob));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(repository, "1", image));
    }

    internal static async Task<JsonElement> GetAsync(RegistryHost host, string path)
    {
        var (status, body) = await SendAsync(host, HttpMethod.Get, path);
        Assert.Equal((path, HttpStatusCode.OK), (path, status));
        return body;
    }

    internal static async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(RegistryHost host, HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, "/berth/v1/" + path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await host.Client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        if (text.Length == 0) return (answer.StatusCode, default);
        using var document = JsonDocument.Parse(text);
        return (answer.StatusCode, document.RootElement.Clone());
    }

    internal static long Number(JsonElement value, string name) => value.GetProperty(name).GetInt64();

    private static Digest DigestOf(byte[] content) => Digest.Compute(DigestAlgorithm.Sha256, content);
}

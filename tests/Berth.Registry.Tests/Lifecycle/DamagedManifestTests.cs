using System.Net;
using System.Text;
using Berth.Oci;
using Berth.Registry.Distribution;
using Berth.Registry.Jobs;
using Berth.Registry.Lifecycle;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Registry.Tests.Lifecycle;

/// <summary>A manifest whose row was hurt: it is found, never served as what it is not, and a push heals it.</summary>
public sealed class DamagedManifestTests
{
    private const string Zeroed = "UPDATE manifest_bytes SET bytes = zeroblob(length(bytes))";
    private const string ZeroedOnPostgres = "UPDATE manifest_bytes SET bytes = decode(repeat('00', length(bytes)), 'hex')";
    private const string Lost = "DELETE FROM manifest_bytes";

    private static readonly byte[] Layer = "a layer of some length"u8.ToArray();
    private static readonly byte[] Image = RegistryClientExtensions.Image(Layer);
    private static readonly string Digest = Oci.Digest.Compute(DigestAlgorithm.Sha256, Image).ToString();

    [Theory]
    [InlineData(Zeroed, VerificationMode.Mark)]
    [InlineData(Lost, VerificationMode.Mark)]
    [InlineData(Zeroed, VerificationMode.Repair)]
    [InlineData(Zeroed, null)]
    [InlineData(Lost, null)]
    public async Task A_manifest_whose_bytes_are_wrong_is_answered_as_absent_until_a_push_heals_it(string harm, VerificationMode? mode)
    {
        await using var host = await StartAsync();
        Assert.Equal(1, await HarmAsync(host, harm));

        if (mode is { } verify) Assert.Contains($"local/app@{Digest}", await FindAsync(host, verify, FindingKind.Damaged));
        else await ScrubAsync(host);

        foreach (var reference in (string[])["latest", Digest])
        {
            Assert.Equal(HttpStatusCode.NotFound, await host.Client.GetManifestAsync("app", reference));
            Assert.Equal(HttpStatusCode.NotFound, await HeadAsync(host, reference));
        }

        await ScrubAsync(host);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync("app", "latest", Image));
        Assert.Equal(Image, await GetAsync(host, "latest"));
        Assert.Empty(await FindAsync(host, VerificationMode.DryRun, null));
    }

    [Theory]
    [InlineData(Zeroed)]
    [InlineData(Lost)]
    public async Task A_push_of_a_manifest_that_stands_gives_it_back_the_bytes_that_nobody_missed_yet(string harm)
    {
        await using var host = await StartAsync();
        await HarmAsync(host, harm);

        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync("app", "again", Image));

        Assert.Equal(Image, await GetAsync(host, "again"));
        Assert.Equal(Image, await GetAsync(host, "latest"));
    }

    [Fact]
    public async Task A_dry_run_names_a_damaged_manifest_and_leaves_it_as_it_is()
    {
        await using var host = await StartAsync();
        await HarmAsync(host, Zeroed);

        Assert.Single(await FindAsync(host, VerificationMode.DryRun, FindingKind.Damaged));

        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync("app", "latest"));
    }

    [Fact]
    public async Task A_manifest_that_is_marked_and_good_is_served_again_after_a_repair()
    {
        await using var host = await StartAsync();
        await host.TamperAsync("UPDATE manifests SET damaged = 1");

        Assert.Single(await FindAsync(host, VerificationMode.Mark, FindingKind.Damaged));
        Assert.Single(await FindAsync(host, VerificationMode.Repair, FindingKind.Repaired));

        Assert.Equal(Image, await GetAsync(host, "latest"));
        Assert.Empty(await FindAsync(host, VerificationMode.DryRun, null));
    }

    [Fact]
    public async Task A_damaged_child_is_missing_to_an_index()
    {
        await using var host = await StartAsync();
        var index = RegistryClientExtensions.Index(Image);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync("app", "index", index, MediaTypes.OciIndex));
        await host.TamperAsync($"UPDATE manifests SET damaged = 1 WHERE size = {Image.Length}");

        Assert.Equal(HttpStatusCode.BadRequest, await host.Client.PutManifestAsync("app", "index", index, MediaTypes.OciIndex));
        Assert.Single(await FindAsync(host, VerificationMode.DryRun, FindingKind.Incomplete));
    }

    [Theory]
    [InlineData("DELETE FROM edges", true)]
    [InlineData("DELETE FROM edges WHERE digest = (SELECT digest FROM edges ORDER BY digest DESC LIMIT 1)", true)]
    [InlineData("UPDATE manifests SET subject = (SELECT digest FROM edges ORDER BY digest LIMIT 1)", false)]
    [InlineData("UPDATE manifests SET media_type = 'a/b'", false)]
    [InlineData("INSERT INTO edges (manifest_id, kind, digest, repository_id) SELECT manifest_id, 2, digest, repository_id FROM edges", false)]
    public async Task Rows_that_say_something_else_than_their_manifest_are_found(string harm, bool healedByPush)
    {
        await using var host = await StartAsync();
        Assert.NotEqual(0, await host.TamperAsync(harm));

        Assert.Contains($"local/app@{Digest}", await FindAsync(host, VerificationMode.Mark, FindingKind.Metadata));

        if (!healedByPush) await host.Client.DeleteManifestAsync("app", Digest);
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync("app", "latest", Image));
        Assert.Empty(await FindAsync(host, VerificationMode.DryRun, FindingKind.Metadata));
    }

    [Fact]
    public async Task An_index_over_blobs_manifests_and_absent_content_is_found_sound()
    {
        await using var host = await RegistryHost.StartAsync(options: new RegistryOptions { Distribution = new DistributionOptions { AllowSparseIndexes = true } });
        await host.Client.PushBlobAsync("app", Layer);
        await host.Client.PutManifestAsync("app", "latest", Image);
        string[] children =
        [
            Descriptor(Layer, "application/vnd.oci.image.layer.v1.tar"), Descriptor(Image, MediaTypes.OciManifest), Descriptor(Image, "a/b"),
            Descriptor([1], "application/vnd.buildkit.cacheconfig.v0"), Descriptor([2], MediaTypes.OciManifest),
        ];
        var index = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[{{string.Join(',', children)}}]}""");
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync("app", "cache", index, MediaTypes.OciIndex));

        Assert.Empty(await FindAsync(host, VerificationMode.DryRun, FindingKind.Metadata));

        static string Descriptor(byte[] content, string type) =>
            $$"""{"mediaType":"{{type}}","digest":"{{Oci.Digest.Compute(DigestAlgorithm.Sha256, content)}}","size":{{content.Length}}}""";
    }

    private static Task<int> HarmAsync(RegistryHost host, string harm) => host.TamperAsync(harm, harm == Zeroed ? ZeroedOnPostgres : harm);

    private static async Task<RegistryHost> StartAsync()
    {
        var host = await RegistryHost.StartAsync();
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("app", Layer));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync("app", "latest", Image));
        return host;
    }

    private static async Task<List<string>> FindAsync(RegistryHost host, VerificationMode mode, FindingKind? kind)
    {
        var findings = new List<Finding>();
        await new StorageVerification(host.Metadata, host.Blobs).RunAsync(mode, findings.Add, _ => new Progress<(long, long)>(), CancellationToken.None);
        return [.. findings.Where(f => kind is null || f.Kind == kind).Select(f => f.What)];
    }

    private static async Task ScrubAsync(RegistryHost host)
    {
        using var scrubber = new Scrubber(
            host.Metadata, host.Metadata, host.Blobs, host.Services.GetRequiredService<DamageReport>(), host.Services.GetRequiredService<SharedJobs>(), new LifecycleOptions { ScrubBytesPerSecond = long.MaxValue },
            TimeProvider.System, host.Services.GetRequiredService<LifecycleMetrics>(), NullLogger<Scrubber>.Instance);
        await scrubber.PassOverManifestsAsync(CancellationToken.None);
    }

    private static async Task<HttpStatusCode> HeadAsync(RegistryHost host, string reference) =>
        (await host.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/v2/app/manifests/{reference}"))).StatusCode;

    private static Task<byte[]> GetAsync(RegistryHost host, string reference) => host.Client.GetByteArrayAsync($"/v2/app/manifests/{reference}");
}

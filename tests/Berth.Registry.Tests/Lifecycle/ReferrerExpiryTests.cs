using System.Net;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Management;

namespace Berth.Registry.Tests.Lifecycle;

/// <summary>Referrers that were pushed before what they refer to, as those meet them who push and those who run the installation.</summary>
public sealed class ReferrerExpiryTests
{
    private const string Repo = "team/app";
    private static readonly TimeSpan Expiry = TimeSpan.FromDays(30);

    [Fact]
    public async Task A_referrer_expires_when_its_subject_does_not_come_and_stays_when_it_does()
    {
        await using var host = await RegistryHost.StartAsync();
        await host.Collector.SweepAsync(CancellationToken.None);
        await host.Client.PushBlobAsync(Repo, "layer"u8.ToArray());
        var late = RegistryClientExtensions.Image("late"u8.ToArray());
        var never = RegistryClientExtensions.Image("never"u8.ToArray());
        var (awaited, orphan, tagged, locked) = (Referrer(late, "a"), Referrer(never, "b"), Referrer(never, "c"), Referrer(never, "d"));
        foreach (var referrer in (byte[][])[awaited, orphan, locked]) await PutAsync(host, DigestOf(referrer).ToString(), referrer);
        await PutAsync(host, "signature", tagged);
        var countersignature = Referrer(orphan, "e");
        await PutAsync(host, DigestOf(countersignature).ToString(), countersignature);
        Assert.Equal(HttpStatusCode.OK, (await host.Client.ChangeAsync($"{Repo}/_manifests/{DigestOf(locked)}", """{"deleteEnabled":false}""")).Status);
        host.Time.Advance(Expiry - TimeSpan.FromHours(1));
        await ArtifactClient.PushAsync(host, Repo, "late", "v1");
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, DigestOf(orphan).ToString()));
        Assert.Empty(await ProofAsync(host));
        host.Time.Advance(TimeSpan.FromHours(1));

        var due = await ProofAsync(host);

        Assert.Equal(
            new[] { (DigestOf(orphan).ToString(), true), (DigestOf(tagged).ToString(), false), (DigestOf(locked).ToString(), false) }.Order(),
            due.Select(entry => (entry.GetProperty("digest").GetString()!, entry.GetProperty("taken").GetBoolean())).Order());
        Assert.Equal(("local", Repo), (due[0].GetProperty("registry").GetString(), due[0].GetProperty("repository").GetString()));
        Assert.Equal(["a tag names it: it is looked at again later"], ReasonsOf(due, tagged));
        Assert.Equal(["it or its repository is locked: it is looked at again later"], ReasonsOf(due, locked));
        Assert.Contains("did not come to the repository in time", Assert.Single(ReasonsOf(due, orphan)), StringComparison.Ordinal);

        await host.Collector.SweepAsync(CancellationToken.None);
        foreach (var gone in (byte[][])[orphan, countersignature]) Assert.Equal(HttpStatusCode.NotFound, await host.Client.GetManifestAsync(Repo, DigestOf(gone).ToString()));
        foreach (var kept in (byte[][])[awaited, tagged, locked]) Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, DigestOf(kept).ToString()));
        Assert.Empty(await ProofAsync(host));
        var deleted = (await host.Metadata.ReadLedgerAsync(0, 1_000, CancellationToken.None)).Where(record => record.Kind == LedgerKinds.ManifestDeleted).ToList();
        Assert.Equal([DigestOf(orphan), DigestOf(countersignature)], deleted.Select(record => record.Digest));
        Assert.All(deleted, record => Assert.Equal("""{"policy":"referrerExpiry"}""", record.Payload));
        Assert.Empty(await host.Metadata.CheckAsync(CancellationToken.None));
    }

    [Fact]
    public async Task One_whose_subject_was_there_and_was_deleted_is_not_meant()
    {
        await using var host = await RegistryHost.StartAsync();
        await host.Collector.SweepAsync(CancellationToken.None);
        await host.Client.PushBlobAsync(Repo, "layer"u8.ToArray());
        var image = RegistryClientExtensions.Image("image"u8.ToArray());
        var (before, after) = (Referrer(image, "before"), Referrer(image, "after"));
        await PutAsync(host, DigestOf(before).ToString(), before);
        await ArtifactClient.PushAsync(host, Repo, "image", "v1");
        await PutAsync(host, DigestOf(after).ToString(), after);
        Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteManifestAsync(Repo, DigestOf(image).ToString()));
        host.Time.Advance(Expiry * 2);

        await host.Collector.SweepAsync(CancellationToken.None);

        foreach (var referrer in (byte[][])[before, after]) Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, DigestOf(referrer).ToString()));
    }

    [Fact]
    public async Task The_time_is_a_setting_and_where_deleted_images_are_kept_the_referrer_can_be_restored_and_stays_then()
    {
        await using var host = await RegistryHost.StartAsync(options: new RegistryOptions { Lifecycle = new LifecycleOptions { ReferrerExpiry = TimeSpan.FromDays(3) } });
        var registry = await host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        await host.Metadata.UpdateRegistryAsync(registry!.Id, new RegistryChanges { SoftDelete = new(true, 90) }, Caller.System, CancellationToken.None);
        await host.Collector.SweepAsync(CancellationToken.None);
        await host.Client.PushBlobAsync(Repo, "layer"u8.ToArray());
        var referrer = Referrer(RegistryClientExtensions.Image("never"u8.ToArray()), "a");
        await PutAsync(host, DigestOf(referrer).ToString(), referrer);
        host.Time.Advance(TimeSpan.FromDays(3));
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.GetManifestAsync(Repo, DigestOf(referrer).ToString()));

        Assert.Equal(HttpStatusCode.OK, (await DeletedContentTests.PostAsync(host.Client, $"/acr/v1/_deleted/{Repo}/_manifests/{DigestOf(referrer)}", "{}")).Status);
        host.Time.Advance(TimeSpan.FromDays(30));
        await host.Collector.SweepAsync(CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, await host.Client.GetManifestAsync(Repo, DigestOf(referrer).ToString()));
    }

    private static async Task PutAsync(RegistryHost host, string reference, byte[] manifest) =>
        Assert.Equal(HttpStatusCode.Created, await host.Client.PutManifestAsync(Repo, reference, manifest));

    private static byte[] Referrer(byte[] subject, string note)
    {
        var layer = Encoding.UTF8.GetString(RegistryClientExtensions.Image("layer"u8.ToArray()));
        return Encoding.UTF8.GetBytes(
            $$"""{{layer[..^1]}},"subject":{"mediaType":"{{MediaTypes.OciManifest}}","digest":"{{DigestOf(subject)}}","size":{{subject.Length}}},"annotations":{"note":"{{note}}"} }""");
    }

    private static Digest DigestOf(byte[] manifest) => Digest.Compute(DigestAlgorithm.Sha256, manifest);

    private static IEnumerable<string?> ReasonsOf(List<JsonElement> entries, byte[] manifest) =>
        entries.Where(entry => entry.GetProperty("digest").GetString() == DigestOf(manifest).ToString()).Select(entry => entry.GetProperty("reason").GetString());

    // In pages of one; with a token that is good at the moment.
    private static async Task<List<JsonElement>> ProofAsync(RegistryHost host)
    {
        using var owner = await ControlClient.OfOwnerAsync(host);
        var entries = new List<JsonElement>();
        for (string? next = "/berth/v1/garbage/proof?n=1"; next is not null;)
        {
            var page = await owner.ExpectAsync(HttpStatusCode.OK, "GET", next);
            entries.AddRange(page.GetProperty("value").EnumerateArray());
            next = page.TryGetProperty("nextLink", out var link) ? new Uri(link.GetString()!).PathAndQuery : null;
        }

        var due = (await owner.ExpectAsync(HttpStatusCode.OK, "GET", "/berth/v1/garbage")).GetProperty("due");
        var referrers = entries.Where(entry => entry.GetProperty("kind").GetString() == "referrer").ToList();
        Assert.Equal(due.GetProperty("referrers").GetInt32(), referrers.Count);
        return referrers;
    }
}

using System.Net;
using System.Text;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Distribution;

/// <summary>Blobs whose files are gone: marked and healed one by one, but not when so many are missing that it must be the volume.</summary>
public sealed class LostBlobTests
{
    [Fact]
    public async Task A_lost_blob_is_absent_for_everyone_once_it_was_asked_for_until_a_push_heals_it()
    {
        await using var host = await RegistryHost.StartAsync();
        var blob = await PushAsync(host, 0);
        var digest = DigestOf(blob);
        await LoseAsync(host, digest);

        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetBlobAsync("app", digest)).Status);
        Assert.Equal(HttpStatusCode.NotFound, await host.Client.HeadBlobAsync("app", digest));
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("app", blob));

        var (status, body) = await host.Client.GetBlobAsync("app", digest);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(blob, body);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_push_of_a_blob_whose_loss_nobody_noticed_heals_it(bool isCutShort)
    {
        await using var host = await RegistryHost.StartAsync();
        var blob = await PushAsync(host, 0);
        var digest = DigestOf(blob);
        if (isCutShort) await File.WriteAllBytesAsync(await FileOfAsync(host, digest), blob[..3]);
        else await LoseAsync(host, digest);

        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("other", blob));

        foreach (var repository in (string[])["app", "other"]) Assert.Equal(blob, (await host.Client.GetBlobAsync(repository, digest)).Body);
    }

    [Fact]
    public async Task A_pull_that_knows_a_blob_from_before_it_was_collected_and_pushed_anew_gets_its_bytes_from_where_they_are()
    {
        var gate = new StepGate("blob.before-open");
        await using var host = await RegistryHost.StartAsync(gate);
        var blob = await PushAsync(host, 0);
        var digest = DigestOf(blob);
        var before = await FileOfAsync(host, digest);

        var get = host.Client.GetBlobAsync("app", digest);
        await gate.ReachedAsync();
        Assert.Equal(HttpStatusCode.Accepted, await host.Client.DeleteBlobAsync("app", digest));
        for (var round = 0; round < 2; round++) await host.Collector.SweepAsync(CancellationToken.None);
        Assert.False(File.Exists(before));
        await PushAsync(host, 0);
        gate.Open();

        var (status, body) = await get;
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(blob, body);
        Assert.Equal(BlobState.Live, await StateAsync(host, digest));
        Assert.NotEqual(before, await FileOfAsync(host, digest));
    }

    [Fact]
    public async Task A_pull_that_knows_a_blob_from_before_it_was_collected_is_answered_404_and_counts_as_no_miss()
    {
        var gate = new StepGate("blob.before-open", arrivals: 11);
        await using var host = await RegistryHost.StartAsync(gate);
        var digest = DigestOf(await PushAsync(host, 0));

        var gets = Enumerable.Range(0, 11).Select(_ => host.Client.GetBlobAsync("app", digest)).ToList();
        await gate.ReachedAsync();
        await host.Client.DeleteBlobAsync("app", digest);
        for (var round = 0; round < 2; round++) await host.Collector.SweepAsync(CancellationToken.None);
        gate.Open();

        Assert.All(await Task.WhenAll(gets), get => Assert.Equal(HttpStatusCode.NotFound, get.Status));
        for (var i = 1; i <= 10; i++) Assert.Equal(HttpStatusCode.NotFound, await LoseAndGetAsync(host, i));
    }

    [Fact]
    public async Task However_many_ask_for_one_lost_blob_at_once_it_is_one_miss_and_marked()
    {
        var gate = new StepGate("blob.before-report", arrivals: 11);
        await using var host = await RegistryHost.StartAsync(gate);
        var digest = DigestOf(await PushAsync(host, 0));
        await LoseAsync(host, digest);

        var gets = Enumerable.Range(0, 11).Select(_ => host.Client.GetBlobAsync("app", digest)).ToList();
        await gate.ReachedAsync();
        gate.Open();

        Assert.All(await Task.WhenAll(gets), get => Assert.Equal(HttpStatusCode.NotFound, get.Status));
        Assert.Equal(BlobState.Damaged, await StateAsync(host, digest));

        // Nine more are within the limit: the eleven counted once.
        for (var i = 1; i <= 9; i++) Assert.Equal(HttpStatusCode.NotFound, await LoseAndGetAsync(host, i));
    }

    [Fact]
    public async Task The_eleventh_lost_blob_within_a_minute_is_answered_503_and_marked_only_after_it()
    {
        await using var host = await RegistryHost.StartAsync();
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(HttpStatusCode.NotFound, await LoseAndGetAsync(host, i));
            host.Time.Advance(TimeSpan.FromSeconds(5));
        }

        var digest = DigestOf(await PushAsync(host, 10));
        await LoseAsync(host, digest);
        for (var again = 0; again < 2; again++)
        {
            var refused = await host.Client.GetAsync(new Uri($"/v2/app/blobs/{digest}", UriKind.Relative));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.NotNull(refused.Headers.RetryAfter);
            Assert.Contains("UNAVAILABLE", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.Equal(BlobState.Live, await StateAsync(host, digest));
        }

        // A minute after the first of the ten it is one of ten again; a twelfth is one too many.
        host.Time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetBlobAsync("app", digest)).Status);
        Assert.Equal(BlobState.Damaged, await StateAsync(host, digest));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await LoseAndGetAsync(host, 11));

        host.Time.Advance(TimeSpan.FromMinutes(2));
        for (var i = 12; i < 22; i++) Assert.Equal(HttpStatusCode.NotFound, await LoseAndGetAsync(host, i));
    }

    [Fact]
    public async Task A_push_that_finds_too_many_missing_can_be_finished_later_without_its_bytes()
    {
        await using var host = await RegistryHost.StartAsync();
        var blob = await PushAsync(host, 100);
        await LoseAsync(host, DigestOf(blob));
        for (var i = 0; i < 10; i++) await LoseAndGetAsync(host, i);
        var session = (await host.Client.PostAsync("/v2/app/blobs/uploads/", null)).Headers.Location!.OriginalString;
        var finish = $"{session}?digest={DigestOf(blob)}";

        // Of few bytes whose number is known none is kept.
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.Client.PutAsync(finish, new ByteArrayContent(blob))).StatusCode);
        Assert.Equal("0-0", (await host.Client.GetAsync(session)).Headers.GetValues("Range").Single());
        using var put = new HttpRequestMessage(HttpMethod.Put, finish) { Content = new ByteArrayContent(blob), Headers = { TransferEncodingChunked = true } };
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.Client.SendAsync(put)).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.Client.PutAsync(finish, new ByteArrayContent([]))).StatusCode);
        host.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(HttpStatusCode.Created, (await host.Client.PutAsync(finish, new ByteArrayContent([]))).StatusCode);
        Assert.Equal(blob, (await host.Client.GetBlobAsync("app", DigestOf(blob))).Body);
    }

    [Fact]
    public async Task Blobs_that_were_not_asked_for_are_served_while_others_are_missing()
    {
        await using var host = await RegistryHost.StartAsync();
        var good = await PushAsync(host, 100);
        for (var i = 0; i < 12; i++) await LoseAndGetAsync(host, i);

        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetBlobAsync("app", DigestOf(good))).Status);
    }

    private static async Task<HttpStatusCode> LoseAndGetAsync(RegistryHost host, int number)
    {
        var digest = DigestOf(await PushAsync(host, number));
        await LoseAsync(host, digest);
        return (await host.Client.GetBlobAsync("app", digest)).Status;
    }

    private static async Task<byte[]> PushAsync(RegistryHost host, int number)
    {
        var blob = Encoding.UTF8.GetBytes($"blob {number}");
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("app", blob));
        return blob;
    }

    private static async Task LoseAsync(RegistryHost host, Digest digest) =>
        File.Delete(await FileOfAsync(host, digest));

    private static async Task<string> FileOfAsync(RegistryHost host, Digest digest) =>
        Path.Combine(host.StoreFolder, "blobs", (await host.Metadata.FindStoredBlobAsync(digest, CancellationToken.None))!.Location);

    private static async Task<BlobState> StateAsync(RegistryHost host, Digest digest) =>
        (await host.Metadata.FindStoredBlobAsync(digest, CancellationToken.None))!.State;

    private static Digest DigestOf(byte[] blob) => Digest.Compute(DigestAlgorithm.Sha256, blob);
}

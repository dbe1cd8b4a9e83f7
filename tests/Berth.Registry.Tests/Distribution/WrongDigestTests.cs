using System.Net;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Lifecycle;
using Berth.Storage;

namespace Berth.Registry.Tests.Distribution;

/// <summary>A client that names a digest without having its bytes learns nothing by it, not by the time that the answer takes either.</summary>
public sealed class WrongDigestTests
{
    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public async Task The_store_is_asked_the_same_whether_or_not_somebody_has_the_digest(bool isBegun, bool hasBody)
    {
        Asked? asked = null;
        await using var host = await RegistryHost.StartAsync(before: store => asked = new Asked(store));
        byte[] held = [.. "what another repository has"u8];
        Assert.Equal(HttpStatusCode.Created, await host.Client.PushBlobAsync("other", held));

        Assert.Equal(await CountAsync(Digest.Compute(DigestAlgorithm.Sha256, "what nobody has"u8)), await CountAsync(Digest.Compute(DigestAlgorithm.Sha256, held)));

        async Task<int> CountAsync(Digest named)
        {
            var session = (await host.Client.PostAsync("/v2/app/blobs/uploads/", null)).Headers.Location!.OriginalString;
            if (isBegun) Assert.Equal(HttpStatusCode.Accepted, (await host.Client.PatchAsync(session, new ByteArrayContent([.. "other "u8]))).StatusCode);
            byte[] body = hasBody ? [.. "bytes"u8] : [];
            asked!.Opened = 0;
            var answer = await host.Client.PutAsync($"{session}?digest={named}", new ByteArrayContent(body));
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            return asked.Opened;
        }
    }

    [Fact]
    public async Task A_digest_of_another_algorithm_is_looked_for_only_once_the_bytes_have_it()
    {
        Asked? asked = null;
        await using var host = await RegistryHost.StartAsync(before: store => asked = new Asked(store));
        byte[] held = [.. "what another repository has"u8];
        var sha512 = Digest.Compute(DigestAlgorithm.Sha512, held);
        var push = await host.Client.PostAsync($"/v2/other/blobs/uploads/?digest={sha512}", new ByteArrayContent(held));
        Assert.Equal(HttpStatusCode.Created, push.StatusCode);

        Assert.Equal(await CountAsync(Digest.Compute(DigestAlgorithm.Sha512, "what nobody has"u8)), await CountAsync(sha512));

        async Task<int> CountAsync(Digest named)
        {
            var session = (await host.Client.PostAsync("/v2/app/blobs/uploads/", null)).Headers.Location!.OriginalString;
            Assert.Equal(HttpStatusCode.Accepted, (await host.Client.PatchAsync(session, new ByteArrayContent([.. "other bytes"u8]))).StatusCode);
            asked!.Opened = 0;
            Assert.Equal(HttpStatusCode.BadRequest, (await host.Client.PutAsync($"{session}?digest={named}", new ByteArrayContent([]))).StatusCode);
            return asked.Opened;
        }
    }

    /// <summary>Counts how often a location is opened, which is all that a digest leads to.</summary>
    private sealed class Asked(IBlobStore inner) : PassingStore(inner)
    {
        public int Opened { get; set; }

        public override Task<IBlobReader> OpenAsync(string location, long size, CancellationToken cancellationToken)
        {
            Opened++;
            return base.OpenAsync(location, size, cancellationToken);
        }
    }
}

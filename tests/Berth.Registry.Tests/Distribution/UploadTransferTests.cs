using System.Buffers;
using System.Text;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Distribution;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Distribution;

/// <summary>Invariant: a hash state belongs to durable bytes, to all of them and to no others.</summary>
public sealed class UploadTransferTests
{
    private static readonly byte[] First = Encoding.UTF8.GetBytes("the first block");
    private static readonly byte[] Second = Encoding.UTF8.GetBytes("a block that is never written");

    [Theory]
    [InlineData(DigestAlgorithm.Sha256)]
    [InlineData(DigestAlgorithm.Sha512)]
    public async Task A_write_that_was_cancelled_is_not_hashed(DigestAlgorithm algorithm)
    {
        await using var host = await RegistryHost.StartAsync();
        var upload = Upload(host, algorithm);
        byte[]? state;
        await using (var transfer = await UploadTransfer.OpenAsync(host.Blobs, upload, algorithm, 0, () => default, () => default, CancellationToken.None))
        {
            await transfer.WriteAsync(new ReadOnlySequence<byte>(First), CancellationToken.None);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => transfer.WriteAsync(new ReadOnlySequence<byte>(Second), new CancellationToken(canceled: true)).AsTask());
            await transfer.SyncAsync(CancellationToken.None);
            Assert.Equal(First.Length, transfer.Position);
            state = transfer.SaveHashState();
        }

        using var restored = UploadTransfer.Restore(upload with { Offset = First.Length, HashState = state }, algorithm);
        Assert.Equal(Digest.Compute(algorithm, First), restored!.Finish());
    }

    [Fact]
    public async Task A_state_of_more_or_fewer_bytes_than_the_session_holds_is_left_aside_and_the_bytes_are_read()
    {
        RegistryHost.RequireEmbedded();
        await using var host = await RegistryHost.StartAsync();
        var upload = Upload(host, DigestAlgorithm.Sha256);
        byte[]? state;
        await using (var transfer = await UploadTransfer.OpenAsync(host.Blobs, upload, upload.Algorithm, 0, () => default, () => default, CancellationToken.None))
        {
            await transfer.WriteAsync(new ReadOnlySequence<byte>(First), CancellationToken.None);
            await transfer.SyncAsync(CancellationToken.None);
            state = transfer.SaveHashState();
            await transfer.WriteAsync(new ReadOnlySequence<byte>(Second), CancellationToken.None);
            await transfer.SyncAsync(CancellationToken.None);
        }

        var resumed = upload with { Offset = First.Length + Second.Length, HashState = state };
        Assert.Null(UploadTransfer.Restore(resumed, upload.Algorithm));
        await using var again = await UploadTransfer.OpenAsync(host.Blobs, resumed, upload.Algorithm, 0, () => default, () => default, CancellationToken.None);
        Assert.Equal(Digest.Compute(upload.Algorithm, [.. First, .. Second]), await again.FinishDigestAsync(host.Blobs, upload, () => ValueTask.CompletedTask, CancellationToken.None));
    }

    private static UploadRecord Upload(RegistryHost host, DigestAlgorithm algorithm) => new(
        "id", 1, 1, RepositoryName.Parse("app"), 1, host.Blobs.NewLocation(), UploadState.Open, 1, null, algorithm, 0, null, default,
        host.Time.GetUtcNow().AddHours(1), host.Time.GetUtcNow());
}

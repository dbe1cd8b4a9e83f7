using System.Net;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;
using Berth.Storage.FileSystem.Operations;
using Berth.Storage.Tests.Faults;

namespace Berth.Registry.Tests.Distribution;

/// <summary>A request that failed may leave bytes behind the offset that was recorded: they are no part of what is committed later.</summary>
public sealed class LeftoverBytesTests
{
    private static readonly byte[] First = [.. "0123"u8];

    [Fact]
    public async Task A_chunk_of_another_length_than_announced_leaves_nothing_in_the_blob()
    {
        await using var host = await RegistryHost.StartAsync();
        var session = await BeginAsync(host);
        var chunk = new HttpRequestMessage(HttpMethod.Patch, session) { Content = new ByteArrayContent([.. "xx"u8]) };
        chunk.Headers.TransferEncodingChunked = true;
        chunk.Content.Headers.TryAddWithoutValidation("Content-Range", "4-7");
        Assert.Equal(HttpStatusCode.BadRequest, (await host.Client.SendAsync(chunk)).StatusCode);

        await FinishAsync(host, session, First, []);
    }

    [Fact]
    public async Task Bytes_that_an_ended_process_left_are_no_part_of_the_blob()
    {
        await using var host = await RegistryHost.StartAsync();
        var session = await BeginAsync(host);
        var location = (await host.Metadata.ListUploadsAsync(0, null, 10, CancellationToken.None)).Items.Single().Location;
        await File.AppendAllTextAsync(Path.Combine(host.StoreFolder, "blobs", location), "never recorded");

        await FinishAsync(host, session, First, []);
    }

    [Fact]
    public async Task A_volume_that_is_full_at_the_end_of_a_chunk_leaves_the_session_where_it_was()
    {
        var files = new FaultyFileOperations(PosixFileOperations.Instance);
        await using var host = await RegistryHost.StartAsync(files: files);
        var session = await BeginAsync(host);
        var rest = new byte[9 << 20];
        Random.Shared.NextBytes(rest);

        // What comes past the first 8 MiB is written on threads of its own, the last of it when the chunk has ended.
        files.Fault = static (operation, _) => operation == Operation.Write && Thread.CurrentThread.Name == "berth-io-direct" ? Errno.NoSpace : 0;
        Assert.Equal(HttpStatusCode.InsufficientStorage, (await host.Client.PatchAsync(session, new ByteArrayContent(rest))).StatusCode);
        Assert.Equal("0-3", (await host.Client.GetAsync(session)).Headers.GetValues("Range").Single());

        files.Fault = static (_, _) => 0;
        Assert.True(await host.Files.TryTakeReserveBackAsync(CancellationToken.None));
        await FinishAsync(host, session, [.. First, .. rest], rest);
    }

    private static async Task<string> BeginAsync(RegistryHost host)
    {
        var session = (await host.Client.PostAsync("/v2/left/blobs/uploads/", null)).Headers.Location!.OriginalString;
        Assert.Equal(HttpStatusCode.Accepted, (await host.Client.PatchAsync(session, new ByteArrayContent(First))).StatusCode);
        return session;
    }

    private static async Task FinishAsync(RegistryHost host, string session, byte[] whole, byte[] last)
    {
        var digest = Digest.Compute(DigestAlgorithm.Sha256, whole);
        Assert.Equal(HttpStatusCode.Created, (await host.Client.PutAsync($"{session}?digest={digest}", new ByteArrayContent(last))).StatusCode);
        var (status, body) = await host.Client.GetBlobAsync("left", digest);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(whole, body);
    }
}

using System.Buffers;
using System.Text;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using Berth.Storage.AzureBlob;
using Berth.Storage.ObjectStore;
using Berth.Storage.S3;
using Berth.Testing;
using Berth.Testing.ObjectServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Storage.Tests.ObjectStore;

/// <summary>Connections to the service that break, half-close and stand still: what was acknowledged stands, and nothing half-sent ever does.</summary>
public abstract class ObjectStoreFaultTests : IAsyncLifetime
{
    /// <summary>The drivers take turns: what all stores of the process hold is one figure, which a test of each looks at.</summary>
    public const string OneAtATime = "object stores";

    private FaultProxy? _proxy;

    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    protected FaultProxy Proxy => _proxy ?? throw new InvalidOperationException("There is no proxy yet.");

    /// <summary>What a request that completes an upload of parts begins with.</summary>
    protected abstract string Completion { get; }

    /// <summary>Why there is no service here; null when there is one.</summary>
    protected abstract string? LackingService { get; }

    /// <summary>The service's address, with a bucket of this test's own.</summary>
    protected abstract Task<Uri> PrepareAsync();

    /// <summary>A store on the bucket at an address.</summary>
    protected ObjectBlobStore Open(Uri address) => Open(address, new ObjectStoreOptions());

    /// <summary>The same with other settings.</summary>
    protected abstract ObjectBlobStore Open(Uri address, ObjectStoreOptions options);

    public async ValueTask InitializeAsync()
    {
        if (LackingService is { } lacking)
        {
            if (TestRun.IsContinuousIntegration && (TestRun.IsLong || !lacking.Contains("--long", StringComparison.Ordinal))) Assert.Fail(lacking);
            Assert.Skip(lacking);
        }

        _proxy = new FaultProxy(await PrepareAsync());
        await using var store = Open(_proxy.Address);
        await store.WriteIdentityAsync("tests", Cancelled);
    }

    public async ValueTask DisposeAsync()
    {
        if (_proxy is not null) await _proxy.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(ProxyAction.Cut)]
    [InlineData(ProxyAction.PassHalfAndCut)]
    [InlineData(ProxyAction.PassAndCutAnswer)]
    [InlineData(ProxyAction.PassHalfAndClose)]
    [InlineData(ProxyAction.Delay)]
    public async Task Some_blocks_meet_a_fault_and_all_that_was_acknowledged_is_read_back(ProxyAction fault)
    {
        var content = Bytes(23_000_000);
        var blocks = 0;

        // Azurite waits for the rest of a request whose sender closed until it gives up; one such fault shows what becomes of it.
        var every = fault == ProxyAction.PassHalfAndClose ? 601 : 397;
        Proxy.Decide = _ => Interlocked.Increment(ref blocks) % every == 0 ? fault : ProxyAction.Pass;
        await using var store = Open(Proxy.Address);
        var location = store.NewLocation();
        string? checkpoint = null;
        foreach (var (from, to) in ((int, int)[])[(0, 3_000_000), (3_000_000, 14_000_000), (14_000_000, 14_000_001), (14_000_001, 23_000_000)])
        {
            await using var writer = await store.AppendAsync(location, from, checkpoint, 0, Cancelled);
            await writer.WriteAsync(new ReadOnlySequence<byte>(content, from, to - from), Cancelled);
            if (to < content.Length) await writer.SyncAsync(Cancelled);
            else await writer.FinishAsync(Cancelled);
            checkpoint = writer.Checkpoint;
        }

        Assert.Equal(content, await ReadAsync(store, location, content.Length));
    }

    [Theory]
    [InlineData(20_000)]
    [InlineData(11_000_000)]
    public async Task A_finish_whose_answer_was_lost_is_known_by_reading(int length)
    {
        var content = Bytes(length);
        await using var store = Open(Proxy.Address);
        var location = store.NewLocation();
        await using var writer = await store.AppendAsync(location, 0, length, Cancelled);
        await writer.WriteAsync(new ReadOnlySequence<byte>(content), Cancelled);
        await writer.FlushAsync(Cancelled);
        var lost = 0;
        Proxy.Decide = block => IsFinish(block, length, location) && Interlocked.Increment(ref lost) == 1 ? ProxyAction.PassAndCutAnswer : ProxyAction.Pass;
        await writer.FinishAsync(Cancelled);

        Assert.True(lost >= 1);
        Assert.Equal(content, await ReadAsync(store, location, length));
    }

    [Fact]
    public async Task A_writer_that_comes_too_late_changes_nothing_of_what_was_finished()
    {
        var (first, second) = (Bytes(11_000_000), Bytes(11_000_000));
        await using var one = Open(Proxy.Address);
        await using var other = Open(Proxy.Address);
        var location = one.NewLocation();
        await using var late = await one.AppendAsync(location, 0, 0, Cancelled);
        await late.WriteAsync(new ReadOnlySequence<byte>(first), Cancelled);
        await late.FlushAsync(Cancelled);

        await using (var successor = await other.AppendAsync(location, 0, 0, Cancelled))
        {
            await successor.WriteAsync(new ReadOnlySequence<byte>(second), Cancelled);
            await successor.FinishAsync(Cancelled);
            Assert.False(successor.MustBeRead);
        }

        // It may find as many bytes there, and has to read them then; it never replaces them.
        await late.FinishAsync(Cancelled);
        Assert.True(late.MustBeRead);
        Assert.Equal(second, await ReadAsync(other, location, second.Length));
    }

    [Fact]
    public async Task Parts_of_a_writer_that_was_fenced_off_are_none_of_its_successors()
    {
        var (acknowledged, first, second) = (Bytes(6_000_000), Bytes(11_000_000), Bytes(11_000_000));
        await using var one = Open(Proxy.Address);
        await using var other = Open(Proxy.Address);
        var location = one.NewLocation();
        string? checkpoint;
        await using (var writer = await one.AppendAsync(location, 0, 0, Cancelled))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(acknowledged), Cancelled);
            await writer.SyncAsync(Cancelled);
            checkpoint = writer.Checkpoint;
        }

        await using var late = await one.AppendAsync(location, acknowledged.Length, checkpoint, epoch: 1, 0, () => ValueTask.CompletedTask, Cancelled);
        await using var successor = await other.AppendAsync(location, acknowledged.Length, checkpoint, epoch: 2, 0, () => ValueTask.CompletedTask, Cancelled);
        await successor.WriteAsync(new ReadOnlySequence<byte>(second), Cancelled);
        await successor.FlushAsync(Cancelled);
        await late.WriteAsync(new ReadOnlySequence<byte>(first), Cancelled);
        await late.FlushAsync(Cancelled);
        await late.SyncAsync(Cancelled);
        var refused = await Record.ExceptionAsync(() => successor.FinishAsync(Cancelled));

        // Ceph refuses an upload with parts beside those that it is to be made of: it is to be started again, and nothing mixed comes to stand.
        if (refused is not null)
        {
            Assert.False(Assert.IsType<StorageUnavailableException>(refused).LeavesWhatStood);
            await Assert.ThrowsAsync<BlobMissingException>(() => other.OpenAsync(location, acknowledged.Length + second.Length, Cancelled));
            return;
        }

        Assert.False(successor.MustBeRead);
        byte[] expected = [.. acknowledged, .. second];
        Assert.Equal(expected, await ReadAsync(other, location, expected.Length));
    }

    [Fact]
    public async Task A_writer_that_was_fenced_off_and_sends_on_replaces_no_part_of_its_successors()
    {
        var (acknowledged, first, second) = (Bytes(6_000_000), Bytes(60 << 20), Bytes(16_000_000));
        await using var one = Open(Proxy.Address);
        await using var other = Open(Proxy.Address);
        var location = one.NewLocation();
        string? checkpoint;
        await using (var writer = await one.AppendAsync(location, 0, 0, Cancelled))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(acknowledged), Cancelled);
            await writer.SyncAsync(Cancelled);
            checkpoint = writer.Checkpoint;
        }

        // The successor leaves room for eight parts of the late one, which sends twelve: the last of them when the successor's stand.
        await using var late = await one.AppendAsync(location, acknowledged.Length, checkpoint, epoch: 1, 0, () => ValueTask.CompletedTask, Cancelled);
        await using var successor = await other.AppendAsync(location, acknowledged.Length, checkpoint, epoch: 2, 0, () => ValueTask.CompletedTask, Cancelled);
        const int Before = 40 << 20;
        await late.WriteAsync(new ReadOnlySequence<byte>(first, 0, Before), Cancelled);
        await late.FlushAsync(Cancelled);
        await successor.WriteAsync(new ReadOnlySequence<byte>(second), Cancelled);
        await successor.FlushAsync(Cancelled);
        await late.WriteAsync(new ReadOnlySequence<byte>(first, Before, first.Length - Before), Cancelled);
        await late.FlushAsync(Cancelled);
        var refused = await Record.ExceptionAsync(() => successor.FinishAsync(Cancelled));

        if (refused is not null)
        {
            Assert.False(Assert.IsType<StorageUnavailableException>(refused).LeavesWhatStood);
            await Assert.ThrowsAsync<BlobMissingException>(() => other.OpenAsync(location, acknowledged.Length + second.Length, Cancelled));
            return;
        }

        Assert.False(successor.MustBeRead);
        byte[] expected = [.. acknowledged, .. second];
        Assert.Equal(expected, await ReadAsync(other, location, expected.Length));
    }

    [Fact]
    public async Task A_service_that_falls_silent_while_a_blob_is_read_is_given_up()
    {
        var content = Bytes(30_000_000);
        await using var store = Open(Proxy.Address, Impatient);
        var location = await PutAsync(content);
        await using var reader = await store.OpenAsync(location, content.Length, Cancelled);
        var read = await reader.ReadAsync(0, new byte[64 * 1024], Cancelled);

        // What is on its way already still comes, and is less than the rest.
        Proxy.IsSilent = true;
        var reading = ReadOnAsync(reader, content, read);
        await Assert.ThrowsAsync<StorageUnavailableException>(() => reading.WaitAsync(TimeSpan.FromSeconds(60), Cancelled));
        Proxy.IsSilent = false;
    }

    [Fact]
    public async Task A_read_that_was_waited_for_too_long_goes_on_where_it_was_once_the_silence_ends()
    {
        var content = Bytes(30_000_000);
        await using var store = Open(Proxy.Address, Impatient);
        var location = await PutAsync(content);
        await using var reader = await store.OpenAsync(location, content.Length, Cancelled);
        var read = await reader.ReadAsync(0, new byte[64 * 1024], Cancelled);

        Proxy.IsSilent = true;
        var reading = ReadOnAsync(reader, content, read);
        await Task.Delay(Impatient.Patience * 1.5, Cancelled);
        Assert.False(reading.IsCompleted);
        Proxy.IsSilent = false;

        await reading.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
    }

    [Fact]
    public async Task A_reader_that_is_given_up_ends_at_once_however_long_the_service_is_silent()
    {
        var content = Bytes(30_000_000);
        await using var store = Open(Proxy.Address);
        var location = await PutAsync(content);
        await using var reader = await store.OpenAsync(location, content.Length, Cancelled);
        var read = await reader.ReadAsync(0, new byte[64 * 1024], Cancelled);
        using var given = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);

        Proxy.IsSilent = true;
        var reading = ReadOnAsync(reader, content, read, given.Token);
        await given.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(TimeSpan.FromSeconds(20), Cancelled));
        Proxy.IsSilent = false;
    }

    [Fact]
    public async Task A_service_that_is_down_makes_nothing_missing_and_what_stood_goes_on_afterwards()
    {
        var content = Bytes(400_000);
        await using var store = Open(Proxy.Address);
        var location = store.NewLocation();
        string? checkpoint;
        await using (var writer = await store.AppendAsync(location, 0, 0, Cancelled))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(content, 0, 300_000), Cancelled);
            await writer.SyncAsync(Cancelled);
            checkpoint = writer.Checkpoint;
            Proxy.IsDown = true;
            Proxy.Decide = _ => ProxyAction.Cut;
            await writer.WriteAsync(new ReadOnlySequence<byte>(content, 300_000, 100_000), Cancelled);
            Assert.True((await Assert.ThrowsAsync<StorageUnavailableException>(() => writer.SyncAsync(Cancelled))).LeavesWhatStood);
        }

        await Assert.ThrowsAsync<StorageUnavailableException>(() => store.OpenAsync(location, 400_000, Cancelled));
        await Assert.ThrowsAsync<StorageUnavailableException>(() => store.ReadIdentityAsync(Cancelled));
        (Proxy.IsDown, Proxy.Decide) = (false, null);
        await using (var writer = await store.AppendAsync(location, 300_000, checkpoint, 0, Cancelled))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(content, 300_000, 100_000), Cancelled);
            await writer.FinishAsync(Cancelled);
        }

        Assert.Equal(content, await ReadAsync(store, location, content.Length));
    }

    [Fact]
    public async Task Sixty_four_uploads_at_once_stay_within_the_memory_that_they_were_given()
    {
        const long Budget = 320L << 20;
        long most = 0;
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        long now = 0;
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == "berth.storage.buffer.size") l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, change, _, _) =>
        {
            var held = Interlocked.Add(ref now, change);
            for (var seen = Volatile.Read(ref most); held > seen; seen = Volatile.Read(ref most)) Interlocked.CompareExchange(ref most, held, seen);
        });
        listener.Start();

        await using var store = Open(Proxy.Address);
        var content = Bytes(1 << 20);
        await Task.WhenAll(Enumerable.Range(0, 64).Select(async _ =>
        {
            var location = store.NewLocation();
            await using var writer = await store.AppendAsync(location, 0, 0, Cancelled);
            for (var i = 0; i < 7; i++) await writer.WriteAsync(new ReadOnlySequence<byte>(content), Cancelled);
            await writer.FinishAsync(Cancelled);
        }));

        // Other tests of this run may hold some as well.
        Assert.InRange(Volatile.Read(ref most), 64L << 20, Budget + (64L << 20));
    }

    private bool IsFinish(ReadOnlyMemory<byte> block, int length, string location)
    {
        var head = Encoding.ASCII.GetString(block.Span[..Math.Min(block.Length, 600)]);
        return head.Contains(location, StringComparison.Ordinal)
            && (length > 5 << 20 ? head.Contains(Completion, StringComparison.Ordinal) && !head.Contains("partNumber", StringComparison.Ordinal) : head.StartsWith("PUT ", StringComparison.Ordinal));
    }

    private static ObjectStoreOptions Impatient => new() { Patience = TimeSpan.FromSeconds(1) };

    private async Task<string> PutAsync(byte[] content)
    {
        await using var store = Open(Proxy.Address);
        var location = store.NewLocation();
        await using var writer = await store.AppendAsync(location, 0, content.Length, Cancelled);
        await writer.WriteAsync(new ReadOnlySequence<byte>(content), Cancelled);
        await writer.FinishAsync(Cancelled);
        return location;
    }

    private static async Task ReadOnAsync(IBlobReader reader, byte[] content, int at, CancellationToken cancellationToken = default)
    {
        var block = new byte[256 * 1024];
        while (at < content.Length)
        {
            var read = await reader.ReadAsync(at, block, cancellationToken);
            Assert.True(block.AsSpan(0, read).SequenceEqual(content.AsSpan(at, read)));
            at += read;
        }
    }

    protected static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        Random.Shared.NextBytes(bytes);
        return bytes;
    }

    protected static async Task<byte[]> ReadAsync(ObjectBlobStore store, string location, int length)
    {
        await using var reader = await store.OpenAsync(location, length, Cancelled);
        var bytes = new byte[length];
        for (var at = 0; at < length;)
        {
            var read = await reader.ReadAsync(at, bytes.AsMemory(at, Math.Min(256 * 1024, length - at)), Cancelled);
            Assert.NotEqual(0, read);
            at += read;
        }

        return bytes;
    }
}

/// <summary>Azure Blob, as Azurite does it.</summary>
[Collection(ObjectStoreFaultTests.OneAtATime)]
public sealed class AzureBlobFaultTests : ObjectStoreFaultTests
{
    private readonly string _container = $"faults-{Guid.CreateVersion7():N}";
    private string? _key;

    protected override string Completion => "comp=blocklist";

    protected override string? LackingService => Azurite.Lacking;

    protected override async Task<Uri> PrepareAsync()
    {
        var azurite = await Azurite.GetAsync();
        _key = azurite.AccountKey;
        await new BlobServiceClient(azurite.Endpoint, new StorageSharedKeyCredential(Azurite.Account, _key)).CreateBlobContainerAsync(_container);
        return azurite.Endpoint;
    }

    protected override ObjectBlobStore Open(Uri address, ObjectStoreOptions options) => ObjectBlobStore.Open(
        new AzureBlobOptions { Container = _container, Endpoint = address, Account = Azurite.Account, AccountKey = _key }, options, TimeProvider.System,
        NullLogger<ObjectBlobStore>.Instance);

    [Fact]
    public async Task An_upload_whose_blocks_an_earlier_version_named_goes_on()
    {
        const int Sent = 5 << 20;
        const int Kept = Sent + 1000;
        var content = Bytes(17_000_000);
        await using var store = Open(Proxy.Address);
        var location = store.NewLocation();
        var key = ObjectBlobStore.Folder + location;
        var container = new BlobServiceClient(Proxy.Address, new StorageSharedKeyCredential(Azurite.Account, _key)).GetBlobContainerClient(_container);
        const string Upload = "0123456789abcdef01234567";
        var block = Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Upload}-00001"));
        await container.GetBlockBlobClient(key).StageBlockAsync(block, new MemoryStream(content, 0, Sent), cancellationToken: Cancelled);
        var head = new UploadCheckpoint(Kept, Epoch: 1, Upload, [new ObjectPart(1, Sent, block)], Previous: null).ToHead();
        var checkpoint = UploadCheckpoint.NewName();
        await container.GetBlobClient(UploadCheckpoint.KeyOf(key, checkpoint)).UploadAsync(new BinaryData((byte[])[.. head, .. content[Sent..Kept]]), Cancelled);

        await using (var writer = await store.AppendAsync(location, Kept, checkpoint, epoch: 2, 0, () => ValueTask.CompletedTask, Cancelled))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(content, Kept, content.Length - Kept), Cancelled);
            await writer.FinishAsync(Cancelled);
            Assert.False(writer.MustBeRead);
        }

        Assert.Equal(content, await ReadAsync(store, location, content.Length));
    }
}

/// <summary>S3, as Ceph's gateway does it.</summary>
[Collection(ObjectStoreFaultTests.OneAtATime)]
[Trait(RadosGateway.TraitName, RadosGateway.Trait)]
public sealed class S3FaultTests : ObjectStoreFaultTests
{
    private readonly string _bucket = $"faults-{Guid.CreateVersion7():N}";
    private RadosGateway? _gateway;

    protected override string Completion => "uploadId=";

    protected override string? LackingService => RadosGateway.Lacking;

    protected override async Task<Uri> PrepareAsync()
    {
        _gateway = await RadosGateway.GetAsync();
        using var client = new Amazon.S3.AmazonS3Client(
            new Amazon.Runtime.BasicAWSCredentials(_gateway.AccessKey, _gateway.SecretKey),
            new Amazon.S3.AmazonS3Config { ServiceURL = _gateway.Endpoint.ToString(), ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        await client.PutBucketAsync(_bucket);
        return _gateway.Endpoint;
    }

    protected override ObjectBlobStore Open(Uri address, ObjectStoreOptions options) => Open(address, options, conditional: true);

    [Fact]
    public async Task A_writer_that_comes_too_late_replaces_nothing_where_writes_have_no_condition()
    {
        var (first, second) = (Bytes(300_000), Bytes(300_000));
        await using var one = Open(Proxy.Address, new ObjectStoreOptions(), conditional: false);
        await using var other = Open(Proxy.Address, new ObjectStoreOptions(), conditional: false);
        var location = one.NewLocation();
        await using var late = await one.AppendAsync(location, 0, first.Length, Cancelled);
        await late.WriteAsync(new ReadOnlySequence<byte>(first), Cancelled);
        await using (var successor = await other.AppendAsync(location, 0, second.Length, Cancelled))
        {
            await successor.WriteAsync(new ReadOnlySequence<byte>(second), Cancelled);
            await successor.FinishAsync(Cancelled);
            Assert.False(successor.MustBeRead);
        }

        await late.FinishAsync(Cancelled);
        Assert.True(late.MustBeRead);
        Assert.Equal(second, await ReadAsync(other, location, second.Length));
    }

    private ObjectBlobStore Open(Uri address, ObjectStoreOptions options, bool conditional) => ObjectBlobStore.Open(
        new S3Options { Bucket = _bucket, Endpoint = address, AccessKey = _gateway!.AccessKey, SecretKey = _gateway.SecretKey, ConditionalWrites = conditional }, options,
        TimeProvider.System, NullLogger<ObjectBlobStore>.Instance);
}

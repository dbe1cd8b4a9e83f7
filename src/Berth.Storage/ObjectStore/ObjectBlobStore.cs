using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Berth.Storage.AzureBlob;
using Berth.Storage.S3;
using Microsoft.Extensions.Logging;

namespace Berth.Storage.ObjectStore;

/// <summary>
/// Blobs as objects of a bucket or container, <c>blobs/ab/&lt;32 hex&gt;</c>, each sent straight to the key that it keeps. What goes on at an offset of an upload lies beside it,
/// <c>….tail.&lt;32 hex&gt;</c>, until the upload is finished.
/// </summary>
public sealed partial class ObjectBlobStore : IBlobStore
{
    internal const string Folder = "blobs/";

    private readonly StoreParts _parts;
    private readonly ConcurrentDictionary<string, ObjectBlobWriter> _writers = new(StringComparer.Ordinal);
    private readonly SignedLinks _links;
    private readonly TimeProvider _time;

    internal ObjectBlobStore(IObjectClient client, ObjectStoreOptions options, TimeProvider time, ILogger<ObjectBlobStore> logger)
    {
        var calls = new ObjectCalls(client.Place, options.Patience, time, logger);
        _parts = new StoreParts(
            client, calls, new ObjectIdentity(client, calls), new ObjectDeletions(client, calls), new PartMemory(options.BufferBytes, time), logger);
        (_links, _time) = (new SignedLinks(time), time);
        LogOpened(logger, client.Place);
    }

    /// <summary>A store in an S3-compatible bucket. Nothing is asked yet.</summary>
    public static ObjectBlobStore Open(S3Options s3, ObjectStoreOptions options, TimeProvider time, ILogger<ObjectBlobStore> logger) =>
        new(new S3Client(s3, time), options, time, logger);

    /// <summary>A store in an Azure Blob container. Nothing is asked yet.</summary>
    public static ObjectBlobStore Open(AzureBlobOptions azure, ObjectStoreOptions options, TimeProvider time, ILogger<ObjectBlobStore> logger) =>
        new(new AzureBlobClient(azure, time), options, time, logger);

    /// <inheritdoc/>
    public bool ReadsUnfinished => false;

    /// <inheritdoc/>
    public bool WritersShareBytes => false;

    /// <inheritdoc/>
    public string NewLocation() => BlobLocation.New((byte)RandomNumberGenerator.GetInt32(BlobLocation.FanOut));

    /// <inheritdoc/>
    public Task<string?> ReadIdentityAsync(CancellationToken cancellationToken) => _parts.Identity.ReadAsync(cancellationToken);

    /// <inheritdoc/>
    public Task WriteIdentityAsync(string identity, CancellationToken cancellationToken) => _parts.Identity.WriteAsync(identity, cancellationToken);

    /// <inheritdoc/>
    public async Task<IBlobWriter> AppendAsync(
        string location, long offset, string? checkpoint, long epoch, long declared, Func<ValueTask> confirm, CancellationToken cancellationToken)
    {
        var key = StoreParts.KeyOf(location);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(declared);
        cancellationToken.ThrowIfCancellationRequested();

        var writer = new ObjectBlobWriter(_parts, location, key, offset, epoch) { Closed = Leave };
        if (_writers.TryGetValue(location, out var predecessor)) await predecessor.FenceAsync().WaitAsync(cancellationToken);
        _writers[location] = writer;
        try
        {
            await writer.OpenAsync(checkpoint, declared, confirm, cancellationToken);
            return writer;
        }
        catch (BlobMissingException)
        {
            await writer.DisposeAsync();
            await RequireIdentityAsync(CancellationToken.None);
            throw;
        }
        catch
        {
            await writer.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<IBlobReader> OpenAsync(string location, long size, CancellationToken cancellationToken)
    {
        var key = StoreParts.KeyOf(location);
        cancellationToken.ThrowIfCancellationRequested();
        var found = await _parts.FindSizeAsync(key, cancellationToken);
        if (found == size) return new ObjectBlobReader(_parts, location, key, size);

        await RequireIdentityAsync(cancellationToken);
        throw new BlobMissingException(
            location, found is null ? $"The location '{location}' is absent." : $"The location '{location}' holds {found} bytes, not {size}.");
    }

    /// <inheritdoc/>
    public Task<bool> IsAtRestAsync(string location, long size, CancellationToken cancellationToken) => Task.FromResult(false);

    /// <inheritdoc/>
    public async Task SyncAsync(string location, CancellationToken cancellationToken)
    {
        if (await _parts.FindSizeAsync(StoreParts.KeyOf(location), cancellationToken) is not null) return;
        await RequireIdentityAsync(cancellationToken);
        throw new BlobMissingException(location, $"The location '{location}' is absent.");
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(string location, CancellationToken cancellationToken)
    {
        var key = StoreParts.KeyOf(location);
        cancellationToken.ThrowIfCancellationRequested();
        if (_writers.TryGetValue(location, out var writer)) await writer.FenceAsync();

        // Before the object: an upload that is left could still become it.
        await _parts.Calls.MakeAsync("abort", 0, attempt => _parts.Client.AbortAsync(key, except: null, attempt), cancellationToken);
        var keys = new List<string>();
        await foreach (var entry in ListObjectsAsync(key, cancellationToken)) keys.Add(entry.Key);
        if (keys.Count == 0) await RequireIdentityAsync(cancellationToken);
        await Task.WhenAll(keys.Select(_parts.Deletions.DeleteAsync));
    }

    /// <inheritdoc/>
    public ValueTask<Uri?> LinkAsync(string location, TimeSpan lifetime, CancellationToken cancellationToken) =>
        _links.Find(location, lifetime) is { } link ? new ValueTask<Uri?>(link) : new ValueTask<Uri?>(SignAsync(location, lifetime, cancellationToken));

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredBlob> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var entry in ListObjectsAsync(Folder, cancellationToken))
        {
            var location = entry.Key[Folder.Length..];
            if (BlobLocation.IsValid(location)) yield return new StoredBlob(location, entry.Size, entry.ModifiedAt);
        }
    }

    /// <inheritdoc/>
    public StorageSpace? Space() => null;

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _parts.Memory.Dispose();
        _parts.Client.Dispose();
        return ValueTask.CompletedTask;
    }

    private async IAsyncEnumerable<ObjectEntry> ListObjectsAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? continuation = null;
        do
        {
            var from = continuation;
            var page = await _parts.Calls.MakeAsync("list", 0, attempt => _parts.Client.ListAsync(prefix, from, attempt), cancellationToken);
            foreach (var entry in page.Entries) yield return entry;
            continuation = page.Continuation;
        }
        while (continuation is not null);
    }

    private void Leave(ObjectBlobWriter writer, string location) => _writers.TryRemove(KeyValuePair.Create(location, writer));

    private async Task<Uri?> SignAsync(string location, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        var began = _time.GetUtcNow();
        var link = await _parts.Calls.MakeAsync("link", 0, attempt => _parts.Client.LinkAsync(StoreParts.KeyOf(location), lifetime, attempt), cancellationToken);
        if (link is { Lasts: true }) _links.Keep(location, lifetime, link.Address, began);
        return link?.Address;
    }

    private async Task RequireIdentityAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _parts.Identity.RequireAsync(cancellationToken);
        }
        catch (StorageUnavailableException e)
        {
            LogIdentityLost(_parts.Logger, e);
            throw;
        }
    }
}

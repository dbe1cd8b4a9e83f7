using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Core.Pipeline;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Azure.Storage.Sas;
using Berth.Storage.ObjectStore;

namespace Berth.Storage.AzureBlob;

/// <summary>
/// The calls of Azure Blob, by Azure's SDK; it tries nothing again by itself. An upload of parts is a name whose beginning its blocks have; blocks that no list commits go by
/// themselves after a week, or when another list is committed.
/// </summary>
internal sealed class AzureBlobClient : IObjectClient
{
    private const int NameBytes = 12;
    private const int NameDigits = 2 * NameBytes;
    private const int EpochDigits = 10;
    private const int DeletionsAtOnce = 16;
    private static readonly TimeSpan DelegationKeyLife = TimeSpan.FromHours(24);

    private readonly AzureBlobOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        AllowAutoRedirect = false,
        UseCookies = false,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private readonly StorageSharedKeyCredential? _key;
    private readonly string _account;
    private readonly BlobServiceClient _service;
    private readonly BlobContainerClient _container;
    private UserDelegationKey? _delegation;

    public AzureBlobClient(AzureBlobOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        _account = options.Account ?? options.Endpoint.Host.Split('.')[0];
        var settings = new BlobClientOptions { Transport = new HttpClientTransport(_http) };
        settings.Retry.MaxRetries = 0;
        settings.Retry.NetworkTimeout = Timeout.InfiniteTimeSpan;
        settings.Diagnostics.IsTelemetryEnabled = false;
        settings.Diagnostics.IsLoggingEnabled = false;
        if (options.AccountKey is { } key)
        {
            _key = new StorageSharedKeyCredential(_account, key);
            _service = new BlobServiceClient(options.Endpoint, _key, settings);
        }
        else
        {
            _service = new BlobServiceClient(options.Endpoint, new PlatformCredential(options.ClientId, time), settings);
        }

        _container = _service.GetBlobContainerClient(options.Container);
    }

    public string Place => $"container {_options.Container} at {_options.Endpoint.Authority}";

    public bool CanPutOnlyIfAbsent => true;

    public int MostDeletions => 256;

    public Task<string> BeginAsync(string key, CancellationToken cancellationToken) =>
        Task.FromResult(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(NameBytes)));

    public Task<string> PutPartAsync(string key, string upload, long epoch, int number, Stream body, CancellationToken cancellationToken) => CallAsync(ofBlocks: true, async () =>
    {
        var name = NameOf(upload, epoch, number);
        await Blob(key).StageBlockAsync(name, body, cancellationToken: cancellationToken);
        return name;
    });

    public Task<int> FindLastNumberAsync(string key, string upload, IReadOnlyList<ObjectPart> parts, CancellationToken cancellationToken) => CallAsync(ofBlocks: true, async () =>
    {
        var list = await Blob(key).GetBlockListAsync(BlockListTypes.Uncommitted, cancellationToken: cancellationToken);
        var found = list.Value.UncommittedBlocks.Select(block => block.Name).ToHashSet(StringComparer.Ordinal);
        if (parts.FirstOrDefault(part => !found.Contains(part.Tag)) is { Number: > 0 } missing)
            throw new ObjectFailureException(ObjectFailure.UploadGone, $"block {missing.Number} is gone");
        return found.Select(name => NumberOf(name, upload)).Append(0).Max();
    });

    public Task CompleteAsync(string key, string upload, IReadOnlyList<ObjectPart> parts, CancellationToken cancellationToken) => CallAsync(ofBlocks: true, async () =>
        await Blob(key).CommitBlockListAsync(
            parts.Select(part => part.Tag),
            new CommitBlockListOptions { HttpHeaders = Headers, Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } }, cancellationToken));

    // A block list is committed only where no blob stands: what others left can do nothing, and goes by itself.
    public Task AbortAsync(string key, string? except, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task PutAsync(string key, Stream body, bool onlyIfAbsent, CancellationToken cancellationToken) => CallAsync(ofBlocks: false, async () =>
        await Blob(key).UploadAsync(
            body,
            new BlobUploadOptions
            {
                HttpHeaders = Headers,
                Conditions = onlyIfAbsent ? new BlobRequestConditions { IfNoneMatch = ETag.All } : null,
                // A body of just this size, and not of less, would go as a block and a list of one: two requests.
                TransferOptions = new StorageTransferOptions { InitialTransferSize = body.Length + 1, MaximumTransferSize = body.Length + 1, MaximumConcurrency = 1 },
            },
            cancellationToken));

    public Task<Stream> GetAsync(string key, long offset, CancellationToken cancellationToken) => CallAsync<Stream>(ofBlocks: false, async () =>
    {
        var end = new CancellationTokenSource();
        try
        {
            using var given = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), end);
            var download = await Blob(key).DownloadStreamingAsync(new BlobDownloadOptions { Range = offset > 0 ? new HttpRange(offset) : default }, end.Token);
            return new AzureDownload(download.Value.Content, end);
        }
        catch
        {
            end.Dispose();
            throw;
        }
    });

    public async Task<long?> FindSizeAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            return await CallAsync(ofBlocks: false, async () => (await Blob(key).GetPropertiesAsync(cancellationToken: cancellationToken)).Value.ContentLength);
        }
        catch (ObjectFailureException e) when (e.Failure == ObjectFailure.Absent)
        {
            return null;
        }
    }

    public Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        keys, new ParallelOptions { MaxDegreeOfParallelism = DeletionsAtOnce, CancellationToken = cancellationToken },
        async (key, token) => await CallAsync(ofBlocks: false, () => Blob(key).DeleteIfExistsAsync(cancellationToken: token)));

    public Task<ObjectPage> ListAsync(string prefix, string? continuation, CancellationToken cancellationToken) => CallAsync(ofBlocks: false, async () =>
    {
        var pages = _container.GetBlobsAsync(BlobTraits.None, BlobStates.None, _options.Prefix + prefix, cancellationToken).AsPages(continuation);
        await foreach (var page in pages)
        {
            return new ObjectPage(
                [.. page.Values.Select(blob => new ObjectEntry(
                    blob.Name[_options.Prefix.Length..], blob.Properties.ContentLength ?? 0, blob.Properties.LastModified ?? default))],
                string.IsNullOrEmpty(page.ContinuationToken) ? null : page.ContinuationToken);
        }

        return new ObjectPage([], null);
    });

    public Task<SignedLink?> LinkAsync(string key, TimeSpan lifetime, CancellationToken cancellationToken) => CallAsync<SignedLink?>(ofBlocks: false, async () =>
    {
        var now = _time.GetUtcNow();
        var permission = new BlobSasBuilder(BlobSasPermissions.Read, now + lifetime)
        {
            BlobContainerName = _options.Container,
            BlobName = _options.Prefix + key,
            Resource = "b",
            Protocol = _options.Endpoint.Scheme == "http" ? SasProtocol.HttpsAndHttp : SasProtocol.Https,
        };
        var signed = _key is not null
            ? permission.ToSasQueryParameters(_key)
            : permission.ToSasQueryParameters(await DelegationAsync(now, now + lifetime, cancellationToken), _account);
        return new SignedLink(new UriBuilder(Blob(key).Uri) { Query = signed.ToString() }.Uri, Lasts: true);
    });

    public void Dispose() => _http.Dispose();

    private static BlobHttpHeaders Headers => new() { ContentType = "application/octet-stream" };

    // Blocks of the same name replace each other: a writer that was fenced off must not have those of its successor. Of one length for all blocks of a blob, as the service wants them,
    // and those of versions that named no epoch: they have the rest of the upload there.
    private static string NameOf(string upload, long epoch, int number) => Convert.ToBase64String(Encoding.ASCII.GetBytes(
        upload[..(NameDigits - EpochDigits)] + epoch.ToString("D10", CultureInfo.InvariantCulture) + '-' + number.ToString("D5", CultureInfo.InvariantCulture)));

    private static int NumberOf(string name, string upload)
    {
        var bytes = new byte[64];
        if (!Convert.TryFromBase64String(name, bytes, out var length)) return 0;
        var text = Encoding.ASCII.GetString(bytes, 0, length);
        return text.Length > NameDigits && text[NameDigits] == '-' && text.AsSpan().StartsWith(upload.AsSpan(0, NameDigits - EpochDigits), StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(NameDigits + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;
    }

    private static async Task<T> CallAsync<T>(bool ofBlocks, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (RequestFailedException e)
        {
            throw AzureFailures.Translate(e, ofBlocks);
        }
    }

    // Good for a day, so that links cost no request each.
    private async Task<UserDelegationKey> DelegationAsync(DateTimeOffset now, DateTimeOffset until, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _delegation) is { } known && known.SignedExpiresOn > until) return known;
        var made = (await _service.GetUserDelegationKeyAsync(now.AddMinutes(-5), now + DelegationKeyLife, cancellationToken)).Value;
        Volatile.Write(ref _delegation, made);
        return made;
    }

    private BlockBlobClient Blob(string key) => _container.GetBlockBlobClient(_options.Prefix + key);
}

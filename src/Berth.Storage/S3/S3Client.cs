using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Berth.Storage.ObjectStore;
using ObjectPart = Berth.Storage.ObjectStore.ObjectPart;

namespace Berth.Storage.S3;

/// <summary>The calls of an S3-compatible service, by AWS's SDK; it tries nothing again by itself.</summary>
internal sealed class S3Client : IObjectClient
{
    private const int ListPage = 1000;

    private readonly S3Options _options;
    private readonly TimeProvider _time;
    private readonly AmazonS3Client _s3;
    private readonly AmazonS3Client _links;
    private readonly HttpClientSource _http = new();
    private readonly bool _isPlain;

    public S3Client(S3Options options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        _isPlain = options.Endpoint is { Scheme: "http" };
        var credentials = S3Credentials.Find(options, time);
        _s3 = new AmazonS3Client(credentials, Configure(options.Endpoint));
        _links = options.LinkEndpoint is { } endpoint ? new AmazonS3Client(credentials, Configure(endpoint)) : _s3;
    }

    public string Place => $"bucket {_options.Bucket} at {_options.Endpoint?.Authority ?? $"AWS {_options.Region}"}";

    public bool CanPutOnlyIfAbsent => _options.ConditionalWrites;

    public int MostDeletions => 1000;

    public Task<string> BeginAsync(string key, CancellationToken cancellationToken) => CallAsync(S3Named.Nothing, async () =>
        (await _s3.InitiateMultipartUploadAsync(
            new InitiateMultipartUploadRequest { BucketName = _options.Bucket, Key = Full(key), ContentType = "application/octet-stream" }, cancellationToken)).UploadId);

    public Task<string> PutPartAsync(string key, string upload, long epoch, int number, Stream body, CancellationToken cancellationToken) => CallAsync(S3Named.Parts, async () =>
        (await _s3.UploadPartAsync(
            new UploadPartRequest
            {
                BucketName = _options.Bucket,
                Key = Full(key),
                UploadId = upload,
                PartNumber = number,
                PartSize = body.Length,
                InputStream = body,
                UseChunkEncoding = false,
                DisablePayloadSigning = !_isPlain,
            },
            cancellationToken)).ETag);

    public Task<int> FindLastNumberAsync(string key, string upload, IReadOnlyList<ObjectPart> parts, CancellationToken cancellationToken) => CallAsync(S3Named.Parts, async () =>
    {
        var last = parts.Count > 0 ? parts[^1].Number : 0;
        while (true)
        {
            var page = await _s3.ListPartsAsync(
                new ListPartsRequest { BucketName = _options.Bucket, Key = Full(key), UploadId = upload, PartNumberMarker = last.ToString(Invariant) }, cancellationToken);
            foreach (var part in page.Parts ?? []) last = Math.Max(last, part.PartNumber ?? 0);
            if (page.IsTruncated != true || page.Parts is not { Count: > 0 }) return last;
        }
    });

    public Task CompleteAsync(string key, string upload, IReadOnlyList<ObjectPart> parts, CancellationToken cancellationToken) => CallAsync(S3Named.WholeParts, async () =>
        await _s3.CompleteMultipartUploadAsync(
            new CompleteMultipartUploadRequest
            {
                BucketName = _options.Bucket,
                Key = Full(key),
                UploadId = upload,
                PartETags = [.. parts.Select(part => new PartETag(part.Number, part.Tag))],
                IfNoneMatch = _options.ConditionalWrites ? "*" : null,
            },
            cancellationToken));

    public Task AbortAsync(string key, string? except, CancellationToken cancellationToken) => CallAsync(S3Named.Nothing, async () =>
    {
        var request = new ListMultipartUploadsRequest { BucketName = _options.Bucket, Prefix = Full(key) };
        while (true)
        {
            var page = await _s3.ListMultipartUploadsAsync(request, cancellationToken);
            foreach (var found in page.MultipartUploads ?? [])
            {
                if (found.Key != Full(key) || found.UploadId == except) continue;
                await AbortOneAsync(found, cancellationToken);
            }

            if (page.IsTruncated != true) return true;
            (request.KeyMarker, request.UploadIdMarker) = (page.NextKeyMarker, page.NextUploadIdMarker);
        }
    });

    public Task PutAsync(string key, Stream body, bool onlyIfAbsent, CancellationToken cancellationToken) => CallAsync(S3Named.Nothing, async () =>
        await _s3.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = _options.Bucket,
                Key = Full(key),
                InputStream = body,
                AutoCloseStream = false,
                ContentType = "application/octet-stream",
                UseChunkEncoding = false,
                DisablePayloadSigning = !_isPlain,
                IfNoneMatch = onlyIfAbsent ? "*" : null,
            },
            cancellationToken));

    public Task<Stream> GetAsync(string key, long offset, CancellationToken cancellationToken) => CallAsync<Stream>(S3Named.Object, async () =>
        (await _s3.GetObjectAsync(
            new GetObjectRequest { BucketName = _options.Bucket, Key = Full(key), ByteRange = offset > 0 ? new ByteRange($"bytes={offset}-") : null },
            cancellationToken)).ResponseStream);

    public async Task<long?> FindSizeAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            return await CallAsync(S3Named.Object, async () =>
                (await _s3.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = _options.Bucket, Key = Full(key) }, cancellationToken)).ContentLength);
        }
        catch (ObjectFailureException e) when (e.Failure == ObjectFailure.Absent)
        {
            return null;
        }
    }

    public Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken) => CallAsync(S3Named.Nothing, async () =>
    {
        if (keys.Count == 1)
        {
            await _s3.DeleteObjectAsync(new DeleteObjectRequest { BucketName = _options.Bucket, Key = Full(keys[0]) }, cancellationToken);
            return true;
        }

        var answer = await _s3.DeleteObjectsAsync(
            new DeleteObjectsRequest { BucketName = _options.Bucket, Objects = [.. keys.Select(key => new KeyVersion { Key = Full(key) })], Quiet = true }, cancellationToken);
        if (answer.DeleteErrors is { Count: > 0 } errors)
            throw new ObjectFailureException(errors[0].Code == "AccessDenied" ? ObjectFailure.Denied : ObjectFailure.Unreachable, $"{errors.Count} of {keys.Count} not removed: {errors[0].Code}");
        return true;
    });

    public Task<ObjectPage> ListAsync(string prefix, string? continuation, CancellationToken cancellationToken) => CallAsync(S3Named.Nothing, async () =>
    {
        var page = await _s3.ListObjectsV2Async(
            new ListObjectsV2Request { BucketName = _options.Bucket, Prefix = Full(prefix), ContinuationToken = continuation, MaxKeys = ListPage }, cancellationToken);
        return new ObjectPage(
            [.. (page.S3Objects ?? []).Select(found => new ObjectEntry(
                found.Key[_options.Prefix.Length..], found.Size ?? 0, new DateTimeOffset((found.LastModified ?? default).ToUniversalTime())))],
            page.IsTruncated == true ? page.NextContinuationToken : null);
    });

    public Task<SignedLink?> LinkAsync(string key, TimeSpan lifetime, CancellationToken cancellationToken) => CallAsync<SignedLink?>(S3Named.Nothing, async () =>
    {
        var link = new Uri(await _links.GetPreSignedURLAsync(new GetPreSignedUrlRequest
        {
            BucketName = _options.Bucket,
            Key = Full(key),
            Verb = HttpVerb.GET,
            Protocol = (_options.LinkEndpoint ?? _options.Endpoint) is { Scheme: "http" } ? Protocol.HTTP : Protocol.HTTPS,
            Expires = (_time.GetUtcNow() + lifetime).UtcDateTime,
        }));

        // It ends with credentials that were given for a time, and nothing says here how much of that is left.
        return new SignedLink(link, Lasts: !link.Query.Contains("X-Amz-Security-Token=", StringComparison.Ordinal));
    });

    public void Dispose()
    {
        if (_links != _s3) _links.Dispose();
        _s3.Dispose();
        _http.Dispose();
    }

    private static System.Globalization.CultureInfo Invariant => System.Globalization.CultureInfo.InvariantCulture;

    private static async Task<T> CallAsync<T>(S3Named named, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception e) when (e is AmazonServiceException or AmazonClientException)
        {
            throw S3Failures.Translate(e, named);
        }
    }

    private async Task AbortOneAsync(MultipartUpload found, CancellationToken cancellationToken)
    {
        try
        {
            await _s3.AbortMultipartUploadAsync(
                new AbortMultipartUploadRequest { BucketName = _options.Bucket, Key = found.Key, UploadId = found.UploadId }, cancellationToken);
        }
        catch (AmazonS3Exception e) when (e.StatusCode == System.Net.HttpStatusCode.NotFound && e.ErrorCode != "NoSuchBucket")
        {
            // Ended meanwhile.
        }
    }

    private string Full(string key) => _options.Prefix + key;

    private AmazonS3Config Configure(Uri? endpoint)
    {
        var checksums = _options.Checksums ?? _options.Endpoint is null;
        var config = new AmazonS3Config
        {
            AuthenticationRegion = _options.Region,
            ForcePathStyle = _options.PathStyle ?? _options.Endpoint is not null,
            MaxErrorRetry = 0,
            ThrottleRetries = false,
            Timeout = Timeout.InfiniteTimeSpan,
            HttpClientFactory = _http,
            RequestChecksumCalculation = checksums ? RequestChecksumCalculation.WHEN_SUPPORTED : RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (endpoint is null) config.RegionEndpoint = RegionEndpoint.GetBySystemName(_options.Region);
        else config.ServiceURL = endpoint.ToString();
        return config;
    }

    /// <summary>One pool of connections; how long a call may take is its caller's.</summary>
    private sealed class HttpClientSource : HttpClientFactory, IDisposable
    {
        private readonly HttpClient _client = new(new SmallBodiesAtOnce(new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            AllowAutoRedirect = false,
            UseCookies = false,
        }))
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };

        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => _client;

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

        public void Dispose() => _client.Dispose();
    }
    /// <summary>
    /// Sends small bodies right behind their head. The SDK has each body wait until the service has seen the head and says so (RFC 9110, 10.1.1): that spares one that would be refused, and costs a
    /// message each way, which is more than a small body is.
    /// </summary>
    private sealed class SmallBodiesAtOnce(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Content?.Headers.ContentLength <= PartPlan.SmallBlob) request.Headers.ExpectContinue = false;
            return base.SendAsync(request, cancellationToken);
        }
    }
}

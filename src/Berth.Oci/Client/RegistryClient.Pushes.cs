using System.Net;
using Berth.Oci.Client.Authentication;
using Berth.Oci.Client.Transport;

namespace Berth.Oci.Client;

/// <summary>Whole pushes of blobs, in one call.</summary>
public sealed partial class RegistryClient
{
    // Doubles with each resumption, so that a registry that restarts is found again without a storm.
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    /// <summary>Pushes a small blob in a single request (<c>POST ?digest=</c>), or in two where the registry does not do that.</summary>
    public async Task PushBlobAsync(RepositoryName repository, Digest digest, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var request = new RegistryRequest
        {
            Method = HttpMethod.Post,
            Address = At($"/v2/{repository}/blobs/uploads/?digest={Uri.EscapeDataString(digest.ToString())}"),
            Scopes = [TokenScopes.Push(repository)],
            Expected = [HttpStatusCode.Created, HttpStatusCode.Accepted],
            Content = () => Octets(content),
        };
        using var response = await _transport.SendAsync(request, cancellationToken);
        if (response.StatusCode == HttpStatusCode.Created)
        {
            CheckStored(response, digest);
            return;
        }

        var upload = Continue(response, repository, 0);
        var put = new RegistryRequest
        {
            Method = HttpMethod.Put,
            Address = WithDigest(upload.Location, digest),
            Scopes = [TokenScopes.Push(repository)],
            Expected = [HttpStatusCode.Created],
            Content = () => Octets(content),
        };
        using var stored = await _transport.SendAsync(put, cancellationToken);
        CheckStored(stored, digest);
    }

    /// <summary>
    /// Pushes a blob from a seekable stream, from its start to its end. Without a chunk size it is sent in one request; an interrupted transfer goes on
    /// where the registry stopped, as often as <see cref="RegistryClientOptions.UploadResumptions"/> says.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The digest of the whole stream.</param>
    /// <param name="content">The bytes; must be seekable.</param>
    /// <param name="chunk">The bytes of a request, raised to the registry's minimum; null for all in one.</param>
    /// <param name="cancellationToken">Ends the push; the upload stays open at the registry until it expires.</param>
    public async Task PushBlobAsync(RepositoryName repository, Digest digest, Stream content, long? chunk, CancellationToken cancellationToken)
    {
        if (!content.CanSeek) throw new ArgumentException("A push that can be resumed needs a seekable stream.", nameof(content));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(chunk ?? 1, nameof(chunk));
        var algorithm = digest.Algorithm == DigestAlgorithm.Sha256 ? (DigestAlgorithm?)null : digest.Algorithm;
        BlobUpload? upload = null;
        for (var resumptions = 0; ; resumptions++)
        {
            try
            {
                if (upload is not null)
                {
                    // The upload may have ended well with only the answer lost.
                    upload = await GetUploadAsync(upload, cancellationToken);
                    if (upload is null && await FindBlobAsync(repository, digest, cancellationToken) is not null) return;
                }

                upload ??= await StartUploadAsync(repository, algorithm, cancellationToken);
                await SendAllAsync(upload, digest, content, chunk, sent => upload = sent, cancellationToken);
                return;
            }
            catch (Exception e) when (resumptions < _options.UploadResumptions && IsInterruption(e))
            {
                await Task.Delay(PauseAfter(e, resumptions), _options.Time, cancellationToken);
            }
        }
    }

    private async Task SendAllAsync(
        BlobUpload upload, Digest digest, Stream content, long? chunk, Action<BlobUpload> sent, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (upload.Offset > content.Length)
                throw new OciException(OciErrorCode.BlobUploadInvalid, $"{Address.Authority} holds more of the upload than there is.", 502);
            content.Position = upload.Offset;
            var rest = content.Length - upload.Offset;
            var size = chunk is { } wanted ? Math.Max(wanted, upload.MinimumChunk) : rest;
            if (rest <= size)
            {
                await CompleteUploadAsync(upload, digest, content, rest, cancellationToken);
                return;
            }

            var before = upload.Offset;
            upload = await SendChunkAsync(upload, content, size, cancellationToken);
            if (upload.Offset <= before)
                throw new OciException(OciErrorCode.BlobUploadInvalid, $"{Address.Authority} took a chunk and holds no more than before.", 502);
            sent(upload);
        }
    }

    private TimeSpan PauseAfter(Exception failure, int resumptions)
    {
        if (failure is not OciException { RetryAfter: { } asked } refusal) return FirstPause * (1 << Math.Min(resumptions, 6));
        var wait = RetryWaits.WithSpread(asked, _options.Waits.Limit);
        _options.Waits.Waiting?.Invoke(Address.Authority, (HttpStatusCode)refusal.Status, wait);
        return wait;
    }

    /// <summary>Whether the transfer broke, so that going on can help, rather than being refused.</summary>
    private bool IsInterruption(Exception e) => e is HttpRequestException or IOException
        || (e is OciException { Status: 408 or 416 or 429 or 500 or 502 or 503 or 504 } refusal && (refusal.RetryAfter ?? TimeSpan.Zero) <= _options.Waits.Limit);

    private static ReadOnlyMemoryContent Octets(ReadOnlyMemory<byte> bytes) =>
        new(bytes) { Headers = { ContentType = new(MediaTypes.OctetStream) } };
}

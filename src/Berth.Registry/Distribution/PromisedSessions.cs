using Berth.Metadata;
using Berth.Oci;
using Berth.Storage;

namespace Berth.Registry.Distribution;

/// <summary>Upload sessions that have no row until bytes come: how they are promised, opened by their first bytes, and ended without any.</summary>
internal sealed class PromisedSessions(IUploads metadata, IBlobStore store, UploadService uploads, BlobService blobs, UploadTickets tickets)
{
    /// <summary>How a request reads whether a session may be promised to it.</summary>
    public PromiseReading ReadingFor(RegistryRecord registry, RequestTarget target) => new(metadata, registry.Id, target);

    /// <summary>Promises a session; its id in URLs. Null where one has to be opened: nothing may be reserved or refused only later, and there must be a key to sign with.</summary>
    public async ValueTask<string?> PromiseAsync(DistributionRequest request) =>
        request.Reading is PromiseReading { Repository: not null } ? await tickets.MakeAsync(request, UploadService.NewId()) : null;

    /// <summary>Opens the session of the request's path, which was promised to the caller, for this request to write to it.</summary>
    /// <exception cref="OciException">409: another request was faster.</exception>
    public async Task<UploadRecord> OpenAsync(DistributionRequest request, DigestAlgorithm algorithm)
    {
        var id = IdOf(request);
        var upload = new NewUpload(id, request.Registry.Id, request.Repository, store.NewLocation(), algorithm, uploads.ExpiresAt(), uploads.WriterUntil())
        {
            Declared = request.Http.Request.ContentLength ?? 0,
            IsPromised = true,
        };
        try
        {
            return await metadata.OpenUploadAsync(upload, request.Caller, request.Aborted);
        }
        catch (UploadTakenException)
        {
            throw UploadService.Busy(id);
        }
    }

    /// <summary>Fails where the session has ended with a blob.</summary>
    /// <exception cref="OciException">404: it has.</exception>
    public async Task CheckOpenAsync(DistributionRequest request)
    {
        if (!(await metadata.FindPushedAsync(IdOf(request), request.Aborted)).IsDefault) throw UploadService.Unknown(IdOf(request));
    }

    /// <summary>Whether the session ended with the blob, by a request whose answer was lost or is still to come; then the bytes are promised anew.</summary>
    /// <exception cref="OciException">404: it ended with another, or the blob is gone since.</exception>
    public async Task<bool> HasEndedAsync(DistributionRequest request, Digest digest)
    {
        var id = IdOf(request);
        var pushed = await metadata.FindPushedAsync(id, request.Aborted);
        if (pushed.IsDefault) return false;
        return pushed == digest && await blobs.FindAsync(request, digest) is not null ? true : throw UploadService.Unknown(id);
    }

    /// <summary>Ends the session at its client's wish.</summary>
    /// <exception cref="OciException">404: another request was faster.</exception>
    public async Task CancelAsync(DistributionRequest request)
    {
        if (!await TryEndAsync(request)) throw UploadService.Unknown(IdOf(request));
    }

    /// <summary>Ends the session, as one that was there; false where another request was faster.</summary>
    public Task<bool> TryEndAsync(DistributionRequest request) => metadata.EndPromisedUploadAsync(
        IdOf(request), request.Registry.Id, request.Repository, store.NewLocation(), request.Caller, CancellationToken.None);

    private static string IdOf(DistributionRequest request) => UploadTickets.IdOf(request.Target.UploadId!);
}

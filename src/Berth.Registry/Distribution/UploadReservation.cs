using Berth.Metadata;

namespace Berth.Registry.Distribution;

/// <summary>
/// What a session has reserved of the quotas that limit it. It grows before the bytes come: to the end at once where that was announced, else in steps. Where nothing
/// limits the session, it costs nothing.
/// </summary>
internal sealed class UploadReservation(IQuotas quotas, UploadRecord upload, long? end)
{
    // So large that a layer costs few transactions, so small that what an upload holds back from others is little.
    private const long Step = 16 << 20;

    private long _coveredTo = upload.CoveredTo;

    /// <summary>Reserves all that was announced.</summary>
    /// <exception cref="QuotaException">There is no room for it.</exception>
    public ValueTask CoverAnnouncedAsync(CancellationToken cancellationToken) => CoverAsync(end ?? upload.Offset, cancellationToken);

    /// <summary>Sees to it that the session may grow to an offset.</summary>
    /// <exception cref="QuotaException">There is no room for it.</exception>
    public ValueTask CoverAsync(long position, CancellationToken cancellationToken) =>
        position <= _coveredTo ? ValueTask.CompletedTask : GrowAsync(position, cancellationToken);

    private async ValueTask GrowAsync(long position, CancellationToken cancellationToken)
    {
        var wanted = Math.Max(position, end ?? position + Step);
        _coveredTo = await quotas.ReserveUploadAsync(upload.Id, upload.Epoch, position, wanted, cancellationToken) ?? throw UploadService.Unknown(upload.Id);
    }
}

using System.Diagnostics.Metrics;
using Berth.Metadata;
using Berth.Storage;

namespace Berth.Server.Telemetry;

/// <summary>How much is stored and how much room is left, under the meter <c>Berth.Server</c>; read when somebody asks, at most every 15 seconds.</summary>
internal sealed class StorageMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Berth.Server";

    private static readonly TimeSpan RefreshAfter = TimeSpan.FromSeconds(15);

    private readonly IMetadataStore _metadata;
    private readonly TimeProvider _time;
    private readonly Meter _meter;
    private MetadataTotals? _totals;
    private Measurement<long>[] _readers = [];
    private long _readAt;

    /// <summary>Makes the instruments.</summary>
    public StorageMetrics(IMeterFactory factory, IMetadataStore metadata, IBlobStore blobs, TimeProvider time)
    {
        (_metadata, _time) = (metadata, time);
        _meter = factory.Create(MeterName);
        Total("berth.blobs", "{blob}", "Blobs stored.", t => t.Blobs);
        Total("berth.blobs.size", "By", "Size of the blobs stored, each counted once.", t => t.BlobBytes);
        Total("berth.manifests", "{manifest}", "Manifests stored.", t => t.Manifests);
        Total("berth.repositories", "{repository}", "Repositories that hold a manifest.", t => t.Repositories);
        Total("berth.uploads.open", "{upload}", "Open upload sessions.", t => t.OpenUploads);
        Total("berth.locations.discarded", "{location}", "Locations whose bytes wait to be removed.", t => t.DiscardedLocations);
        Total("berth.blobs.damaged", "{blob}", "Blobs whose bytes are missing or wrong: answered as absent until a push heals them.", t => t.DamagedBlobs);
        Space("berth.storage.size", "Size of the blob store's volume.", s => s.Total);
        Space("berth.storage.free", "Bytes of the blob store's volume that pushes may still take.", s => s.Free);
        _meter.CreateObservableGauge("berth.ledger.reader.lag", () => _readers, "{record}", "How many records of the ledger a reader has yet to read, at most, by reader.");
        _meter.CreateObservableGauge(
            "berth.storage.reserve.held", () => blobs.Space() is { } space ? [new Measurement<int>(space.ReserveHeld ? 1 : 0)] : Array.Empty<Measurement<int>>(), "{state}",
            "1 while the reserve of the blob store's volume is in place, 0 while the volume is so full that it was released: nothing is pushed then.");

        void Total(string name, string unit, string description, Func<MetadataTotals, long> value) =>
            _meter.CreateObservableGauge(name, () => _totals is { } totals ? [new Measurement<long>(value(totals))] : Array.Empty<Measurement<long>>(), unit, description);

        void Space(string name, string description, Func<StorageSpace, long> value) =>
            _meter.CreateObservableGauge(name, () => blobs.Space() is { } space ? [new Measurement<long>(value(space))] : Array.Empty<Measurement<long>>(), "By", description);
    }

    /// <summary>Reads the totals anew unless they are fresh. While the database does not answer, those that were read last stand: an outage is seen by the other metrics.</summary>
    public async ValueTask RefreshAsync(CancellationToken cancellationToken)
    {
        if (_totals is not null && _time.GetElapsedTime(_readAt) < RefreshAfter) return;
        try
        {
            _totals = await _metadata.ReadTotalsAsync(cancellationToken);
            _readers = [.. (await _metadata.ListLedgerReadersAsync(cancellationToken)).Select(
                reader => new Measurement<long>(reader.Behind, new KeyValuePair<string, object?>("reader", reader.Name)))];
            _readAt = _time.GetTimestamp();
        }
        catch (MetadataUnavailableException)
        {
            // Said where the database failed.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}

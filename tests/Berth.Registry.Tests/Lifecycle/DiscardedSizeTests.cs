using System.Diagnostics.Metrics;
using Berth.Oci;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Lifecycle;

public sealed class DiscardedSizeTests
{
    [Fact]
    public async Task A_blob_that_a_client_deleted_counts_with_its_size_when_it_is_discarded()
    {
        await using var host = await RegistryHost.StartAsync();
        var sizes = new Dictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Scope == host.Services.GetRequiredService<IMeterFactory>()) l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => sizes[instrument.Name] = value);
        listener.Start();
        var blob = "seven b"u8.ToArray();
        await host.Client.PushBlobAsync("app", blob);
        await host.Client.DeleteBlobAsync("app", Digest.Compute(DigestAlgorithm.Sha256, blob));
        await host.Collector.SweepAsync(CancellationToken.None);
        listener.RecordObservableInstruments();
        Assert.Equal((1, 7), (sizes["berth.gc.blob.discarded"], sizes["berth.gc.blob.discarded.size"]));
    }
}

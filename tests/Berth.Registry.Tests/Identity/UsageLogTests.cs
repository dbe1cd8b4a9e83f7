using System.Diagnostics.Metrics;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Identity;

/// <summary>What is recorded beside requests: bounded, counted when lost, and written before the server ends.</summary>
public sealed class UsageLogTests
{
    private static readonly RepositoryName App = RepositoryName.Parse("team-a/app");
    private static readonly Digest Image = Digest.Compute(DigestAlgorithm.Sha256, "{}"u8);
    private static readonly Principal Ann = new(7, "ann", 1);

    [Fact]
    public async Task A_flood_of_invented_programs_is_dropped_with_a_count_and_crowds_out_nobody_who_is_known()
    {
        await using var host = await RegistryHost.StartAsync();
        var (log, registry) = await LogAsync(host);
        for (var i = 0; i < 800; i++) log.RecordPull(registry, App, Image, Principal.Anonymous, $"10.0.{i / 200}.{i % 200}", $"invented/{i}");
        log.RecordPull(registry, App, Image, Ann, "192.0.2.2", "podman");
        log.RecordPull(registry, App, Image, Principal.Anonymous, "10.0.0.3", "invented/3");
        await log.FlushAsync(CancellationToken.None);

        Assert.Equal(300, DroppedOf(host));
        var listed = (await host.Metadata.ListConsumersAsync(new ConsumerQuery(registry.Id, App), null, 1000, CancellationToken.None)).Items;
        Assert.Equal(502, listed.Sum(pull => pull.Count));
        Assert.Contains(listed, pull => pull is { Principal: "ann", UserAgent: "podman", Count: 1 });
        Assert.Equal(IConsumers.MostOfStrangers + 2, listed.Count);
    }

    [Fact]
    public async Task Of_those_without_credentials_the_program_is_kept_and_nothing_that_they_can_invent()
    {
        await using var host = await RegistryHost.StartAsync();
        var (log, registry) = await LogAsync(host);
        for (var i = 0; i < 400; i++) log.RecordPull(registry, App, Image, Principal.Anonymous, $"2001:db8:0:1:{i:x}::1", $"invented/{i}");
        foreach (var agent in new[] { "docker/29.0.1 go/go1.25", "Docker/28 (linux)", "containers/5.30 (github.com/containers/image)", "" })
            log.RecordPull(registry, App, Image, Principal.Anonymous, "192.0.2.1", agent);
        log.RecordPull(registry, App, Image, Principal.Anonymous, null, null);
        await log.FlushAsync(CancellationToken.None);

        var listed = (await host.Metadata.ListConsumersAsync(new ConsumerQuery(registry.Id, App), null, 1000, CancellationToken.None)).Items;
        Assert.Equal(
            [("-", "", 1), ("192.0.2.1", "", 1), ("192.0.2.1", "containers", 1), ("192.0.2.1", "docker", 2), ("2001:db8:0:1::/64", "(others)", 400)],
            listed.Select(pull => (pull.Address, pull.UserAgent, pull.Count)));
    }

    [Fact]
    public async Task What_was_recorded_is_written_when_the_server_stops()
    {
        await using var host = await RegistryHost.StartAsync();
        var (log, registry) = await LogAsync(host);
        await log.StartAsync(CancellationToken.None);
        log.RecordPull(registry, App, Image, Ann, null, null);

        await log.StopAsync(CancellationToken.None);

        var pull = Assert.Single((await host.Metadata.ListConsumersAsync(new ConsumerQuery(registry.Id, App), null, 10, CancellationToken.None)).Items);
        Assert.Equal(("ann", "-", "", 1), (pull.Principal, pull.Address, pull.UserAgent, pull.Count));
    }

    [Fact]
    public async Task No_pull_is_lost_between_many_recorders_and_the_flush()
    {
        await using var host = await RegistryHost.StartAsync();
        var (log, registry) = await LogAsync(host);
        var recorders = Enumerable.Range(0, 4).Select(r => Task.Run(() =>
        {
            for (var i = 0; i < 2_000; i++) log.RecordPull(registry, App, Image, Ann, $"192.0.2.{r}", $"v{i % 5}");
        })).ToList();
        while (!recorders.TrueForAll(r => r.IsCompleted)) await log.FlushAsync(CancellationToken.None);
        await Task.WhenAll(recorders);
        await log.FlushAsync(CancellationToken.None);

        var listed = (await host.Metadata.ListConsumersAsync(new ConsumerQuery(registry.Id, App), null, 100, CancellationToken.None)).Items;
        Assert.Equal((20, 8_000), (listed.Count, listed.Sum(pull => pull.Count)));
    }

    [Fact]
    public async Task What_could_not_be_written_waits_within_the_same_bounds()
    {
        await using var host = await RegistryHost.StartAsync();
        var (log, registry) = await LogAsync(host);
        await host.RefuseAsync("INSERT ON consumers");
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 400; i++) log.RecordPull(registry, App, Image, Principal.Anonymous, $"10.{round}.{i / 200}.{i % 200}", "docker");
            log.RecordPull(registry, App, Image, Ann, "192.0.2.2", "podman");
            await Assert.ThrowsAnyAsync<Exception>(() => log.FlushAsync(CancellationToken.None));
        }

        await host.AllowAsync("INSERT ON consumers");
        await log.FlushAsync(CancellationToken.None);

        var listed = (await host.Metadata.ListConsumersAsync(new ConsumerQuery(registry.Id, App), null, 2000, CancellationToken.None)).Items;
        Assert.Equal(503, listed.Sum(pull => pull.Count));
        Assert.Contains(listed, pull => pull is { Principal: "ann", UserAgent: "podman", Count: 3 });
        Assert.Equal(700, DroppedOf(host));
    }

    [Fact]
    public async Task As_many_who_are_known_are_counted_as_ever_beside_a_flood_of_strangers()
    {
        await using var host = await RegistryHost.StartAsync();
        var (log, registry) = await LogAsync(host);
        for (var i = 0; i < 500; i++) log.RecordPull(registry, App, Image, Principal.Anonymous, $"10.0.{i / 200}.{i % 200}", $"invented/{i}");
        for (var i = 0; i < 2_000; i++) log.RecordPull(registry, App, Image, Ann, "192.0.2.2", $"podman/{i}");
        await log.FlushAsync(CancellationToken.None);
        Assert.Equal(0, DroppedOf(host));

        for (var i = 0; i < 2_001; i++) log.RecordPull(registry, App, Image, Ann, "192.0.2.2", $"podman/{i}");
        await log.FlushAsync(CancellationToken.None);
        Assert.Equal(1, DroppedOf(host));
    }

    [Fact]
    public async Task No_pull_is_lost_or_counted_twice_while_writing_fails()
    {
        await using var host = await RegistryHost.StartAsync();
        var (log, registry) = await LogAsync(host);

        // Takes its time to fail, so that pulls are counted meanwhile.
        await host.RefuseAsync("INSERT ON consumers", slowly: true);
        var began = host.Time.GetUtcNow();
        long pulls = 0;
        for (var round = 0; round < 5; round++)
        {
            log.RecordPull(registry, App, Image, Ann, "192.0.2.2", "podman");
            pulls++;
            var flushing = log.FlushAsync(CancellationToken.None);
            host.Time.Advance(TimeSpan.FromMinutes(1));
            for (; !flushing.IsCompleted; pulls++)
            {
                log.RecordPull(registry, App, Image, Ann, "192.0.2.2", "podman");
                await Task.Yield();
            }

            await Assert.ThrowsAnyAsync<Exception>(() => flushing);
        }

        await host.AllowAsync("INSERT ON consumers");
        await log.FlushAsync(CancellationToken.None);
        var pull = Assert.Single((await host.Metadata.ListConsumersAsync(new ConsumerQuery(registry.Id, App), null, 10, CancellationToken.None)).Items);
        Assert.Equal((pulls, began), (pull.Count, pull.FirstAt));
    }

    /// <summary>How much the host's metrics say was dropped.</summary>
    private static long DroppedOf(RegistryHost host)
    {
        long dropped = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == "berth.access.usage.dropped" && instrument.Meter.Scope == host.Services.GetRequiredService<IMeterFactory>()) l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => dropped = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return dropped;
    }

    private static async Task<(UsageLog Log, RegistryRecord Registry)> LogAsync(RegistryHost host)
    {
        await host.Client.PutManifestAsync("team-a/app", "v1", """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"""u8.ToArray(), MediaTypes.OciIndex);
        await host.Services.GetRequiredService<UsageLog>().FlushAsync(CancellationToken.None);
        return (host.Services.GetRequiredService<UsageLog>(), (await host.Metadata.FindRegistryAsync("local", CancellationToken.None))!);
    }
}

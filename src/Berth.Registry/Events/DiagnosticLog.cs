using System.Globalization;
using Berth.Metadata;
using Berth.Registry.Jobs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Events;

/// <summary>
/// Writes the diagnostic logs every other second. Lines of the ledger are written once each, whatever happens in between: the cursor moves behind what is durable, and what a sink holds beyond
/// the cursor after a crash is not written again. Of several nodes one writes them, under a lease; the next one goes on at the cursor, so that what was written behind it by one that was
/// killed, or stood still for longer than its lease, is written again. Other lines wait in memory and are lost with it.
/// </summary>
internal sealed partial class DiagnosticLog(
    DiagnosticEvents events, RepositoryEventReader reader, ILedgerReaders readers, IInstallation installations, IRegistries registries, IDiagnosticSink sink, DiagnosticsOptions options,
    SharedJobs jobs, PublicNames names, DiagnosticMetrics metrics, TimeProvider time, ILogger<DiagnosticLog> logger) : BackgroundService
{
    /// <summary>The name of its cursor.</summary>
    public const string ReaderName = "diagnostics";

    /// <summary>The job of whoever writes what stands in the ledger.</summary>
    public const string Job = "diagnostics";

    // Lines that could not be written yet.
    private const int MostWaiting = 20_000;
    private const int MostAtOnce = 500;

    // How long the ledger's records wait for it while it cannot write, and how many.
    private const long KeepRecords = 1_000_000;
    private static readonly TimeSpan KeepFor = TimeSpan.FromDays(7);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly List<byte[]> _waiting = [];

    // Taken from those who made them, and no line yet: what the database does not say now of their registries is asked again in the next round.
    private readonly Queue<KeyValuePair<DiagnosticEvent, DiagnosticOccurrence>> _taken = [];

    // Of one round: many events are of few registries.
    private readonly Dictionary<long, RegistryRecord?> _found = [];
    private LedgerCursor? _cursor;
    private bool _isFailing;

    /// <summary>Writes all that there is to write. Never called by two at once.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        if (await installations.FindInstallationAsync(cancellationToken) is not { } installation) return;
        _found.Clear();
        await KeepAccessAsync(installation, cancellationToken);
        while (_waiting.Count > 0)
        {
            var some = _waiting.GetRange(0, Math.Min(_waiting.Count, MostAtOnce));
            sink.Write(some);
            metrics.Written(some.Count);
            _waiting.RemoveRange(0, some.Count);
        }

        if (!options.RepositoryEvents) return;
        try
        {
            // Where another node writes them, this one does not know how far.
            if (!await jobs.RunAsync(Job, TimeSpan.Zero, (isNew, token) => WriteLedgerAsync(isNew, installation, token), cancellationToken)) _cursor = null;
        }
        catch (LeaseLostException)
        {
            _cursor = null;
        }
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (options.IsOn()) await WriteIfPossibleAsync(CancellationToken.None);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.RepositoryEvents) await ForgetAsync(stoppingToken);
        if (!options.IsOn()) return;

        // Where it begins is settled now, and not when there is something to write.
        await WriteIfPossibleAsync(stoppingToken);
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken)) await WriteIfPossibleAsync(stoppingToken);
    }

    private async Task WriteLedgerAsync(bool isNew, InstallationRecord installation, CancellationToken cancellationToken)
    {
        if (isNew || _cursor is null) _cursor = await OpenAsync(cancellationToken);
        while (_cursor is { } cursor && await reader.ReadAsync(cursor.Epoch, cursor.Number, cancellationToken) is { } page)
        {
            var lines = new List<byte[]>(page.Events.Count);
            foreach (var (happened, when) in page.Events) await AddAsync(lines, happened, when, installation, cancellationToken);

            // Another node that took over meanwhile writes them itself.
            cancellationToken.ThrowIfCancellationRequested();
            if (lines.Count > 0) sink.Write(lines);
            metrics.Written(lines.Count);
            _cursor = cursor with { Number = page.Until };
            await readers.MoveLedgerReaderAsync(ReaderName, page.Until, cancellationToken);
        }
    }

    // Nothing waits for a reader that does not read any more; what another node reads is left to it.
    private async Task ForgetAsync(CancellationToken cancellationToken)
    {
        try
        {
            if ((await readers.ListLedgerReadersAsync(cancellationToken)).Any(one => one.Name == ReaderName))
                await jobs.RunAsync(Job, TimeSpan.Zero, (_, token) => readers.ForgetLedgerReaderAsync(ReaderName, token), cancellationToken);
        }
        catch (Exception e) when (e is MetadataUnavailableException or MetadataFullException)
        {
            LogFailed(e);
        }
    }

    private async Task WriteIfPossibleAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WriteAsync(cancellationToken);
            if (_isFailing) LogRecovered();
            _isFailing = false;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // What was not written is tried again; a disk that is full must not fill the log, too.
            metrics.Failed();
            if (!_isFailing) LogFailed(e);
            _isFailing = true;
        }
    }

    private async Task<LedgerCursor> OpenAsync(CancellationToken cancellationToken)
    {
        var cursor = await readers.OpenLedgerReaderAsync(ReaderName, KeepFor, KeepRecords, cancellationToken);
        if (cursor.LeftBehind) LogLeftBehind(cursor.Number);

        // The process may have ended between a line and the cursor's move behind it.
        return sink.FindLastPosition()?.Split('-') is [var epoch, var number]
            && long.TryParse(epoch, CultureInfo.InvariantCulture, out var writtenIn) && writtenIn == cursor.Epoch
            && long.TryParse(number, CultureInfo.InvariantCulture, out var written) && written > cursor.Number
                ? cursor with { Number = written }
                : cursor;
    }

    private async Task KeepAccessAsync(InstallationRecord installation, CancellationToken cancellationToken)
    {
        // What a round before could not make lines of goes first; while it cannot, nothing more is taken, and those who make events count what is too much.
        await KeepTakenAsync(installation, cancellationToken);
        foreach (var one in events.Take()) _taken.Enqueue(one);
        await KeepTakenAsync(installation, cancellationToken);
    }

    private async Task KeepTakenAsync(InstallationRecord installation, CancellationToken cancellationToken)
    {
        while (_taken.TryPeek(out var one))
        {
            // The database may not answer that, and then it stays where it is.
            await FindRegistryAsync(one.Key.RegistryId, cancellationToken);
            _taken.Dequeue();
            if (_waiting.Count >= MostWaiting) metrics.Dropped(one.Value.Count);
            else await AddAsync(_waiting, one.Key, one.Value, installation, cancellationToken);
        }
    }

    private async Task<RegistryRecord?> FindRegistryAsync(long id, CancellationToken cancellationToken)
    {
        if (id == 0) return null;
        if (_found.TryGetValue(id, out var known)) return known;
        return _found[id] = await registries.FindRegistryByIdAsync(id, cancellationToken);
    }

    private async Task AddAsync(List<byte[]> lines, DiagnosticEvent happened, DiagnosticOccurrence when, InstallationRecord installation, CancellationToken cancellationToken)
    {
        var registry = await FindRegistryAsync(happened.RegistryId, cancellationToken);
        if (options.Registries.Count > 0 && happened.RegistryId != 0 && (registry is null || !options.Registries.Contains(registry.Name))) return;
        var host = registry is not null ? names.LoginServer(registry.Name) : happened.RegistryId == 0 ? new Uri(names.LoginEndpoint).Authority : "";
        lines.Add(DiagnosticLine.Write(happened, when, registry, host, installation));
    }
}

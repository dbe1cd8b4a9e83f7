using Microsoft.Extensions.Hosting;

namespace Berth.Registry.Identity;

/// <summary>Writes what a log counts in memory: every five seconds, when asked, and once more at the end; never two at a time.</summary>
/// <param name="write">Writes what was counted until now, and counts it again if it cannot.</param>
/// <param name="logFailed">Logs why it could not.</param>
/// <param name="time">The clock.</param>
internal sealed class FlushLoop(Func<CancellationToken, Task> write, Action<Exception> logFailed, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _flushing = new(1);

    /// <summary>Writes what was counted; when it returns, what was recorded before is stored. One at a time: another would take for done what this one gives back.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _flushing.WaitAsync(cancellationToken);
        try
        {
            await write(cancellationToken);
        }
        finally
        {
            _flushing.Release();
        }
    }

    /// <summary>Writes it if that is possible; what cannot be written, as on a full disk, is logged and waits for the next attempt.</summary>
    public async Task FlushIfPossibleAsync(CancellationToken cancellationToken)
    {
        try
        {
            await FlushAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            logFailed(e);
        }
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // Here and not at the loop's end: one that is stopped before its first turn has no end.
        await base.StopAsync(cancellationToken);
        await FlushIfPossibleAsync(CancellationToken.None);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _flushing.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken)) await FlushIfPossibleAsync(stoppingToken);
    }
}

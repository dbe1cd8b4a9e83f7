namespace Berth.Server.Hosting;

/// <summary>
/// The last service before the web server, which is started after all others: it holds the sockets shut until what must be true before the first
/// request is.
/// </summary>
internal sealed class StartGate(Task ready) : IHostedService
{
    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => ready.WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

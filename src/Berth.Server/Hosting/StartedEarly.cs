namespace Berth.Server.Hosting;

/// <summary>Something that is made on another thread while the start goes on, and disposed in the end whether it was asked for or not.</summary>
internal sealed class StartedEarly<T>(Func<T> make) : IDisposable
{
    private readonly Task<T> _making = Task.Run(make);

    /// <summary>The thing, when it is made.</summary>
    public Task<T> GetAsync() => _making;

    /// <inheritdoc/>
    public void Dispose() =>
        _making.ContinueWith(made => (made.IsCompletedSuccessfully ? made.GetAwaiter().GetResult() as IDisposable : null)?.Dispose(), TaskScheduler.Default);
}

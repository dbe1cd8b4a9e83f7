using Berth.Oci;

namespace Berth.Registry.Tests.Hosting;

/// <summary>Holds everybody who comes to one step until it is opened; afterwards nobody.</summary>
/// <param name="point">The step.</param>
/// <param name="arrivals">How many must stand at it before <see cref="ReachedAsync"/> ends.</param>
internal sealed class StepGate(string point, int arrivals = 1) : ISteps
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _arrived;

    /// <summary>Ends when as many as were expected stand at the step.</summary>
    public Task ReachedAsync() => _reached.Task.WaitAsync(Patience);

    /// <summary>Lets all go on.</summary>
    public void Open() => _opened.TrySetResult();

    /// <inheritdoc/>
    public async ValueTask ReachAsync(string reached)
    {
        if (reached != point || _opened.Task.IsCompleted) return;
        if (Interlocked.Increment(ref _arrived) == arrivals) _reached.TrySetResult();
        await _opened.Task.WaitAsync(Patience);
    }
}

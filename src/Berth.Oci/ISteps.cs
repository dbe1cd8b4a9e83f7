namespace Berth.Oci;

/// <summary>
/// Named points in the flow of a push, a pull or a deletion ("after-claim", "before-commit", …) at which a test may hold or end the
/// flow, so that every order of two or three actors can be played. In production nothing waits here.
/// </summary>
public interface ISteps
{
    /// <summary>Is called when the flow reaches the named point; the flow goes on when the task completes.</summary>
    ValueTask ReachAsync(string point);
}

/// <summary>The steps of production: no point holds anything.</summary>
public sealed class NoSteps : ISteps
{
    /// <summary>The one instance.</summary>
    public static readonly NoSteps Instance = new();

    private NoSteps()
    {
    }

    /// <inheritdoc/>
    public ValueTask ReachAsync(string point) => ValueTask.CompletedTask;
}

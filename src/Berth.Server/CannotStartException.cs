namespace Berth.Server;

/// <summary>The program cannot start. The message is one sentence for its user: which setting or resource, and what is allowed.</summary>
internal sealed class CannotStartException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether the same start may go well later, because a store does not answer or is full; false where somebody has to change something first.</summary>
    public bool MayPass { get; init; }
}

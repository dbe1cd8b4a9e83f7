namespace Berth.Registry.Identity.Authorization;

/// <summary>Why a text is no condition.</summary>
/// <param name="Position">The character at which reading stopped, counted from 1.</param>
/// <param name="Message">What was found there and what was expected.</param>
public sealed record ConditionError(int Position, string Message)
{
    /// <summary>The error as one sentence.</summary>
    public override string ToString() => $"The condition cannot be read at character {Position}: {Message}";
}

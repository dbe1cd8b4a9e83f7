using System.Globalization;

namespace Berth.Testing.Histories;

/// <summary>What a client did with a register.</summary>
public enum RegisterAction
{
    /// <summary>Asked what it holds.</summary>
    Read,

    /// <summary>Made it hold something.</summary>
    Write,

    /// <summary>Made it empty; what it answers says whether it was.</summary>
    Delete,
}

/// <summary>One call of a history, as its client saw it.</summary>
/// <param name="Client">Who called.</param>
/// <param name="Action">What it did.</param>
/// <param name="Value">What it wrote, or read, null for nothing; of a deletion, anything but null where there was something.</param>
/// <param name="Called">When it was called.</param>
/// <param name="Returned">When it returned; null where nobody knows what became of it: it may have its effect at any time from its call on, or never.</param>
public sealed record RegisterCall(string Client, RegisterAction Action, string? Value, long Called, long? Returned)
{
    /// <summary>Whether it may happen to a register with this content, and what the register holds then.</summary>
    public bool TryApply(string? held, out string? next)
    {
        next = Action switch { RegisterAction.Write => Value, RegisterAction.Delete => null, _ => held };
        return Action switch
        {
            RegisterAction.Read => Value == held,
            RegisterAction.Delete => Returned is null || (Value is null) == (held is null),
            _ => true,
        };
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"[{Called}, {(Returned is { } end ? end : "?")}] {Client} {Action.ToString().ToLowerInvariant()} {Value ?? "nothing"}");
}

namespace Berth.Registry.Identity.OutsideAccounts;

/// <summary>The provider does not vouch for somebody.</summary>
/// <param name="fault">In which way.</param>
/// <param name="message">What happened, as a sentence for the log and for who signs in.</param>
internal sealed class ProviderException(ProviderFault fault, string message) : Exception(message)
{
    /// <summary>In which way.</summary>
    public ProviderFault Fault => fault;
}

/// <summary>The ways in which a provider does not vouch for somebody.</summary>
internal enum ProviderFault
{
    /// <summary>It cannot be asked now, or takes this installation for no client of its own; it may later.</summary>
    Unavailable,

    /// <summary>It says that what it is asked with is good no more.</summary>
    Gone,

    /// <summary>What it says proves nothing, or not enough.</summary>
    Unusable,
}

namespace Berth.Testing;

/// <summary>An answer was not what a test wanted; the message holds the whole exchange.</summary>
public class ExpectationException(string message) : Exception(message);

/// <summary>The answer that was not wanted is 503: nothing is known about what was asked for.</summary>
public sealed class UnavailableException(string message, bool saysWhen) : ExpectationException(message)
{
    /// <summary>Whether it says when to come again (<c>Retry-After</c>).</summary>
    public bool SaysWhen => saysWhen;
}

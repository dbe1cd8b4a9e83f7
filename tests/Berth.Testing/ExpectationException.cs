namespace Berth.Testing;

/// <summary>An answer was not what a test wanted; the message holds the whole exchange.</summary>
public sealed class ExpectationException(string message) : Exception(message);

namespace Berth.Registry.Network;

/// <summary>The server does not connect to what it was told to; the message says what that is and which setting opens it.</summary>
internal sealed class OutboundRefusedException(string message) : Exception(message);

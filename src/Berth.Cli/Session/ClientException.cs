namespace Berth.Cli.Session;

/// <summary>Something that did not work, in words for the person who asked for it: what happened, and what to do.</summary>
internal sealed class ClientException(string message) : Exception(message);

using System.Net;

namespace Berth.Cli.Session;

/// <summary>Something that did not work, in words for the person who asked for it: what happened, and what to do.</summary>
internal sealed class ClientException(string message) : Exception(message)
{
    /// <summary>The status of the answer that it is about; null when it is about none.</summary>
    public HttpStatusCode? Status { get; init; }
}

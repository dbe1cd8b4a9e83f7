using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Directory;

/// <summary>An answer of the directory that is an error, in Microsoft Graph's words.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="code">Graph's code.</param>
/// <param name="message">What happened, and what to do.</param>
internal sealed class GraphException(int status, string code, string message) : Exception(message)
{
    /// <summary>The HTTP status.</summary>
    public int Status => status;

    /// <summary>Graph's code.</summary>
    public string Code => code;

    /// <summary>What was sent cannot be; the message names the property.</summary>
    public static GraphException BadRequest(string message) => new(StatusCodes.Status400BadRequest, "Request_BadRequest", message);

    /// <summary>What was asked for is absent.</summary>
    public static GraphException NotFound(string what, string id) =>
        new(StatusCodes.Status404NotFound, "Request_ResourceNotFound", $"There is no {what} '{Shorten(id)}'.");

    /// <summary>The caller may not do this.</summary>
    public static GraphException Denied(string message) => new(StatusCodes.Status403Forbidden, "Authorization_RequestDenied", message);

    /// <summary>Something else has the name already.</summary>
    public static GraphException Taken(string message) =>
        new(StatusCodes.Status409Conflict, "Request_MultipleObjectsWithSameKeyValue", message);

    /// <summary>A text that a client sent, short enough for a message.</summary>
    public static string Shorten(string text) => ClientText.Shorten(text, 100);
}

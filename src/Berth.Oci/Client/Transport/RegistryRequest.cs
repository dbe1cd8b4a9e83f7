using System.Net;
using System.Net.Http.Headers;

namespace Berth.Oci.Client.Transport;

/// <summary>A request before it is sent; it can be sent again as long as its content can be made again.</summary>
internal sealed class RegistryRequest
{
    public required HttpMethod Method { get; init; }

    public required Uri Address { get; init; }

    /// <summary>The scopes a token for this request needs.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>The statuses that are no errors.</summary>
    public required IReadOnlyList<HttpStatusCode> Expected { get; init; }

    /// <summary>Makes the content; null for none.</summary>
    public Func<HttpContent>? Content { get; init; }

    /// <summary>Whether <see cref="Content"/> gives the same bytes when called again.</summary>
    public bool Repeatable { get; init; } = true;

    /// <summary>Sets further headers.</summary>
    public Action<HttpRequestHeaders>? Headers { get; init; }

    public bool IsRead => Method == HttpMethod.Get || Method == HttpMethod.Head;
}

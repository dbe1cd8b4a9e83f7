using System.Net;
using Berth.Oci.Client.Authentication;
using Berth.Oci.Client.Transport;

namespace Berth.Oci.Client;

/// <summary>
/// A client of one registry (OCI distribution spec): blobs, uploads, manifests, lists, with the registry's way of authentication. Refusals are
/// <see cref="OciException"/>s with the registry's code and status; a registry out of reach is an <see cref="HttpRequestException"/>, a download that
/// breaks off an <see cref="IOException"/>. What is read is checked against its digest. Safe for use by many threads.
/// </summary>
public sealed partial class RegistryClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly RegistryClientOptions _options;
    private readonly RegistryTransport _transport;

    /// <summary>A client with connections of its own.</summary>
    /// <param name="registry">The registry's address; only scheme, host and port count.</param>
    /// <param name="options">Its settings.</param>
    public RegistryClient(Uri registry, RegistryClientOptions options)
        : this(registry, options, new SocketsHttpHandler(), disposeHandler: true)
    {
    }

    /// <summary>A client on a given handler, for trusted certificates, proxies, limits and tests.</summary>
    /// <param name="registry">The registry's address; only scheme, host and port count.</param>
    /// <param name="options">Its settings.</param>
    /// <param name="handler">
    /// Sends the requests. Redirects and cookies of a <see cref="SocketsHttpHandler"/> are switched off, because the client follows redirects itself and decides
    /// which hop is shown the credential; any other handler must not follow them.
    /// </param>
    /// <param name="disposeHandler">Whether the handler ends with the client.</param>
    /// <exception cref="ArgumentException">The address is not absolute, or neither http nor https.</exception>
    public RegistryClient(Uri registry, RegistryClientOptions options, HttpMessageHandler handler, bool disposeHandler)
    {
        if (!registry.IsAbsoluteUri || (registry.Scheme != Uri.UriSchemeHttps && registry.Scheme != Uri.UriSchemeHttp))
            throw new ArgumentException($"'{registry}' is no address of a registry; it starts with https:// or http://.", nameof(registry));

        if (handler is SocketsHttpHandler sockets) (sockets.AllowAutoRedirect, sockets.UseCookies) = (false, false);
        Address = new Uri(registry.GetLeftPart(UriPartial.Authority));
        _options = options;
        _http = new HttpClient(handler, disposeHandler) { Timeout = Timeout.InfiniteTimeSpan };
        _transport = new RegistryTransport(_http, Address, new RegistryAuthenticator(_http, Address, options), options);
    }

    /// <summary>The registry's scheme, host and port.</summary>
    public Uri Address { get; }

    /// <summary>Checks that the registry speaks the API and knows the client (<c>GET /v2/</c>).</summary>
    public async Task PingAsync(CancellationToken cancellationToken)
    {
        using var response = await _transport.SendAsync(
            new RegistryRequest { Method = HttpMethod.Get, Address = At("/v2/"), Scopes = [], Expected = [HttpStatusCode.OK] }, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private Uri At(string pathAndQuery) => new(Address, pathAndQuery);

    /// <summary>The digest a header names; default when it is absent or not a digest.</summary>
    private static Digest DigestOf(HttpResponseMessage response) =>
        Header(response, "Docker-Content-Digest") is { } text && Digest.TryParse(text, out var digest) ? digest : default;

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;
}

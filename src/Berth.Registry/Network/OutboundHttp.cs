using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Berth.Registry.Network;

/// <summary>
/// HTTP to addresses that someone else named: HTTPS only, to addresses that <see cref="OutboundGuard"/> allows, without redirects, proxies, cookies or
/// compression. A connection goes to the very address that was looked at, so that a name cannot mean another one a moment later.
/// </summary>
internal sealed class OutboundHttp : IDisposable
{
    /// <summary>How long a request may take, its answer included.</summary>
    public static readonly TimeSpan LongestRequest = TimeSpan.FromSeconds(10);

    private readonly OutboundGuard _guard;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;
    private readonly Lazy<HttpsOnlyHandler> _handler;

    public OutboundHttp(OutboundOptions options, OutboundTrust trust)
        : this(options, trust, Dns.GetHostAddressesAsync)
    {
    }

    internal OutboundHttp(OutboundOptions options, OutboundTrust trust, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        _guard = new OutboundGuard(options);
        _resolve = resolve;
        _handler = new Lazy<HttpsOnlyHandler>(() => new HttpsOnlyHandler(CreateSockets(trust)));
    }

    /// <summary>A client whose answers may have so many bytes; it throws <see cref="OutboundRefusedException"/> beside what clients throw.</summary>
    public HttpClient CreateClient(int mostBytes) => new(_handler.Value, disposeHandler: false)
    {
        MaxResponseContentBufferSize = mostBytes,
        Timeout = LongestRequest,
        DefaultRequestHeaders = { { "User-Agent", "berth" } },
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_handler.IsValueCreated) _handler.Value.Dispose();
    }

    private SocketsHttpHandler CreateSockets(OutboundTrust trust)
    {
        var sockets = new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellationToken) => await ConnectAsync(context.DnsEndPoint, cancellationToken),
            AllowAutoRedirect = false,
            UseProxy = false,

            // Its spans are made, but strangers are told nothing of our traces.
            ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxResponseHeadersLength = 16, // KiB
            MaxConnectionsPerServer = 8,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        };

        // A certificate names where its authorities' are to be had: an address of a stranger's choice that nobody would look at.
        sockets.SslOptions.CertificateChainPolicy = new X509ChainPolicy { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck };
        sockets.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) => trust.Accepts(certificate, chain, errors);
        return sockets;
    }

    private async Task<NetworkStream> ConnectAsync(DnsEndPoint target, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(target.Host, out var literal) ? [literal] : await _resolve(target.Host, cancellationToken);
        var allowed = addresses.Where(_guard.Allows).ToArray();
        if (addresses.Length == 0) throw new SocketException((int)SocketError.HostNotFound);
        if (allowed.Length == 0)
        {
            throw new OutboundRefusedException(
                $"{target.Host} is at {string.Join(", ", addresses.Take(4).Select(address => address.ToString()))}, which is not a public address; "
                + "Outbound:AllowedNetworks opens networks that the server may connect to.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, target.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Refuses what is not HTTPS, and says why a connection was refused instead of that there was none.</summary>
    private sealed class HttpsOnlyHandler(SocketsHttpHandler sockets) : DelegatingHandler(sockets)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri?.Scheme != Uri.UriSchemeHttps)
                throw new OutboundRefusedException($"{request.RequestUri} is not an https address, and the server connects to no other.");
            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException e) when (e.InnerException is OutboundRefusedException refused)
            {
                throw new OutboundRefusedException(refused.Message);
            }
            catch (HttpRequestException e) when (e.InnerException is AuthenticationException untrusted)
            {
                throw new OutboundRefusedException(
                    $"{request.RequestUri.Host} cannot be spoken to with TLS: {untrusted.Message.TrimEnd('.')}; "
                    + "Outbound:TrustedCertificates names certificates that are trusted beside the system's.");
            }
        }
    }
}

using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Berth.Server.Tls;

/// <summary>
/// The certificates of the TLS listener: one for all its usual names, others on demand for the data endpoints of registries, which are deeper below the domain. Looks at its files from
/// time to time; connections that stand keep the certificate they began with.
/// </summary>
internal sealed partial class ServerCertificates : BackgroundService
{
    private const int MaxOnDemand = 256;

    private readonly ICertificateSource _source;
    private readonly string _domain;
    private readonly TimeSpan _interval;
    private readonly TimeProvider _time;
    private readonly ILogger<ServerCertificates> _logger;
    private volatile Generation _current;

    /// <summary>Loads the certificate.</summary>
    /// <exception cref="CannotStartException">There is none that can be used.</exception>
    public ServerCertificates(ICertificateSource source, string domain, TimeSpan interval, TimeProvider time, ILogger<ServerCertificates> logger)
    {
        (_source, _domain, _interval, _time, _logger) = (source, domain, interval, time, logger);
        _current = new Generation(source.Load());
    }

    /// <summary>When the certificate in use ends.</summary>
    public DateTimeOffset NotAfter => _current.Set.Certificate.NotAfter;

    /// <summary>How a handshake with this server name (SNI) is to be answered; null stands for none and for one that is nobody's.</summary>
    public SslServerAuthenticationOptions Select(string? serverName)
    {
        var current = _current;
        return current.Set.Authority is { } authority && CertificateNames.DeeperName(serverName, _domain) is { } deeper
            ? current.OnDemand(deeper, authority, _time.GetUtcNow())
            : current.Usual;
    }

    /// <summary>Loads anew if something changed. What cannot be used is logged and left aside: the present certificate stays.</summary>
    public void Refresh()
    {
        if (!_source.HasChanged())
            return;
        try
        {
            var loaded = new Generation(_source.Load());
            _ = loaded.Usual;
            _current = loaded;
            LogReloaded(_current.Set.Certificate.Subject, _current.Set.Certificate.NotAfter.ToUniversalTime());
        }
        catch (Exception e) when (e is CannotStartException or CryptographicException or NotSupportedException)
        {
            LogKept(e.Message);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_interval, _time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            Refresh();
    }

    /// <summary>One set of certificates with what is made from it; the contexts are kept, because sessions resume only within one.</summary>
    private sealed class Generation(CertificateSet set)
    {
        private static readonly List<SslApplicationProtocol> Protocols = [SslApplicationProtocol.Http11];

        // Made by the first handshake: the start need not wait for it.
        private readonly Lazy<SslServerAuthenticationOptions> _usual = new(
            () => OptionsFor(set.Certificate, set.Chain, set.Authority), LazyThreadSafetyMode.PublicationOnly);
        private readonly ConcurrentDictionary<string, SslServerAuthenticationOptions> _onDemand = new(StringComparer.Ordinal);

        public CertificateSet Set => set;

        public SslServerAuthenticationOptions Usual => _usual.Value;

        public SslServerAuthenticationOptions OnDemand(string name, LocalAuthority authority, DateTimeOffset now)
        {
            if (_onDemand.TryGetValue(name, out var known))
                return known;

            // The memory of them is bounded; issuing anew costs a fraction of a handshake.
            if (_onDemand.Count >= MaxOnDemand)
                _onDemand.Clear();
            return _onDemand.GetOrAdd(name, n => OptionsFor(authority.Issue(new CertificateNames([n], []), now), [], authority));
        }

        // Offline: finding the chain must not ask the network for issuers or revocation. With a trust of its own it does not read the system's hundreds of
        // certificates, either, which is half of what a start reads; whom clients trust is theirs to say.
        private static SslServerAuthenticationOptions OptionsFor(X509Certificate2 certificate, X509Certificate2Collection chain, LocalAuthority? authority) => new()
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(
                certificate, chain, offline: true, SslCertificateTrust.CreateForX509Collection([.. chain, authority?.Certificate ?? certificate])),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = Protocols,
            AllowRenegotiation = false,
        };
    }
}

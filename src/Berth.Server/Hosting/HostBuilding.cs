using System.Diagnostics.Metrics;
using System.Net.Security;
using Berth.Metadata;
using Berth.Registry;
using Berth.Registry.Events;
using Berth.Registry.Jobs;
using Berth.Registry.Lifecycle;
using Berth.Registry.Network;
using Berth.Server.Configuration;
using Berth.Server.Discovery;
using Berth.Server.Health;
using Berth.Server.LocalFiles;
using Berth.Server.Logging;
using Berth.Server.Memory;
using Berth.Server.Telemetry;
using Berth.Server.Tls;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Berth.Server.Hosting;

/// <summary>The web host: services, listeners, and the order in which a request meets them.</summary>
internal static class HostBuilding
{
    private const int MaxHeaderBytes = 32 * 1024;
    private const int MaxRequestLineBytes = 8 * 1024;

    // What the last writes of services may take behind the drain, each under a limit of its own.
    private static readonly TimeSpan BehindDrain = TimeSpan.FromMinutes(1);

    /// <summary>A builder with nothing in it but what is listed here: no configuration files that are watched, no default log.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="loggers">The log.</param>
    /// <param name="time">The time that decides for all nodes.</param>
    /// <param name="node">This node's own clock.</param>
    public static WebApplicationBuilder CreateBuilder(ServerOptions options, ILoggerFactory loggers, TimeProvider time, TimeProvider node)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "berth", EnvironmentName = Environments.Production });
        var services = builder.Services;
        services.AddSingleton(loggers);
        services.AddSingleton(time);
        services.AddSingleton(options);
        services.AddSingleton(options.Memory);
        services.AddSingleton(new Node(BerthVersion.Text, node));
        services.AddSingleton(NamesOf(options));
        services.AddSingleton<HealthEndpoints>();
        services.AddSingleton<DiscoveryEndpoints>();
        services.Configure<ConsoleLifetimeOptions>(o => o.SuppressStatusMessages = true);

        // The host has a limit of its own for its end, of half a minute: where the drain may take longer, requests would be cut off by that one.
        services.Configure<HostOptions>(o => o.ShutdownTimeout = options.Shutdown.DrainTimeout + BehindDrain);
        services.AddMetrics();
        services.AddTelemetry(options.Telemetry);
        services.AddSingleton(SinkOf(options));

        services.AddSingleton<ConnectionLimit>();
        services.AddSingleton<LargeBlockPoolFactory>();
        services.AddHostedService(s => s.GetRequiredService<LargeBlockPoolFactory>());
        if (options.Http.TrustedProxies.Count > 0)
            services.Configure<ForwardedHeadersOptions>(o => TrustProxies(o, options.Http.TrustedProxies));
        return builder;
    }

    private static IDiagnosticSink SinkOf(ServerOptions options)
    {
        var diagnostics = options.Registry.Diagnostics;
        return diagnostics.Target == DiagnosticTarget.Stdout
            ? new DiagnosticOutput(Console.OpenStandardOutput())
            : new DiagnosticFile(diagnostics.File ?? Path.Combine(options.Data, "diagnostics", "events.jsonl"), diagnostics.MaxFileBytes, diagnostics.Files);
    }

    private static PublicNames NamesOf(ServerOptions options) => new(
        options.Registry.Domain, options.Https.PublicPort, options.Https.Listen.Kind == ListenKind.None ? 443 : options.Https.Listen.Port);

    /// <summary>Adds the open stores.</summary>
    public static IServiceCollection AddStores(this IServiceCollection services, Stores stores)
    {
        // Instances, which the container does not dispose: the stores outlive it.
        services.AddSingleton(stores.Metadata);
        services.AddSingleton(stores.Blobs);
        services.AddSingleton(stores.Installation);
        services.AddSingleton<IDeletionGate>(stores.DeletionGate);
        return services;
    }

    /// <summary>Adds the listeners.</summary>
    public static WebApplicationBuilder AddListeners(this WebApplicationBuilder builder, ServerOptions options, ServerCertificates? certificates)
    {
        if (certificates is not null)
        {
            builder.Services.AddSingleton(s => new CertificateMetrics(s.GetRequiredService<IMeterFactory>(), () => certificates.NotAfter));
            builder.Services.AddHostedService(s =>
            {
                _ = s.GetRequiredService<CertificateMetrics>();
                return certificates;
            });
        }

        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            Limit(kestrel.Limits, options.Registry.Distribution.StallLimit);
            Limit(kestrel.Limits, options.Connections);
            kestrel.Limits.MaxConcurrentConnections = MemoryBudget.Connections(options.Memory);
            kestrel.Limits.MaxRequestBufferSize = MemoryBudget.ReceivedAhead(options.Memory.BlockSize);
            var connections = kestrel.ApplicationServices.GetRequiredService<ConnectionLimit>();
            Listen(kestrel, connections, options.Http.Listen, _ => { });
            if (certificates is not null)
            {
                var handshake = HandshakeOptions(certificates, kestrel.ApplicationServices);
                Listen(kestrel, connections, options.Https.Listen, endpoint => endpoint.UseHttps(handshake));

                // After the public one, whose port is part of every name.
                foreach (var listener in options.Registry.Network.PrivateListeners)
                    Listen(kestrel, connections, ListenAddress.Of(listener.Address.Address, listener.Address.Port), endpoint => Mark(endpoint, listener).UseHttps(handshake));
            }
        });

        // After Kestrel's own, or that one would win.
        builder.Services.Replace(ServiceDescriptor.Singleton<IMemoryPoolFactory<byte>>(s => s.GetRequiredService<LargeBlockPoolFactory>()));
        return builder;
    }

    /// <summary>The order in which a request meets what answers it.</summary>
    public static void UseHost(this WebApplication app, ServerOptions options)
    {
        app.UseMiddleware<RequestLog>();
        if (options.Http.TrustedProxies.Count > 0)
            app.UseForwardedHeaders();
        app.Use(next => context =>
        {
            // Whoever balances between nodes sends the next request elsewhere when the connection does not stay.
            if (app.Lifetime.ApplicationStopping.IsCancellationRequested) context.Response.Headers.Connection = "close";
            return next(context);
        });
        var host = HostEndpoints.Create(app.Services);
        // A probe waits for nothing but what it asks about.
        app.Use(next => context => context.Request.Path.StartsWithSegments("/healthz", StringComparison.Ordinal) ? host.AnswerAsync(context) : next(context));
        app.UseBerthRegistry();
        app.Run(host.AnswerAsync);
    }

    // A transfer may take any time as long as it makes progress, and a blob may have any size: the data plane bounds both itself.
    private static void Limit(KestrelServerLimits limits, TimeSpan stallLimit)
    {
        limits.MaxRequestBodySize = null;
        limits.MinRequestBodyDataRate = null;

        // Clients unpack while they pull and read nothing for a while: a stall ends an answer, not slowness (240 B/s is Kestrel's default).
        limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: stallLimit > TimeSpan.FromSeconds(5) ? stallLimit : TimeSpan.FromSeconds(5));
        limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        limits.MaxRequestLineSize = MaxRequestLineBytes;
    }

    private static void Limit(KestrelServerLimits limits, Configuration.ConnectionOptions options)
    {
        limits.RequestHeadersTimeout = options.HeadersTimeout;
        limits.KeepAliveTimeout = options.KeepAliveTimeout;
        limits.MaxRequestHeaderCount = options.MaxHeaders;
    }

    private static void Listen(KestrelServerOptions kestrel, ConnectionLimit connections, ListenAddress address, Action<ListenOptions> configure)
    {
        // HTTP/1.1 alone: docs/decisions/0012-http11-only.md.
        void Configure(ListenOptions endpoint)
        {
            endpoint.Protocols = HttpProtocols.Http1;
            endpoint.Use(next => connection => connections.RunAsync(connection, next));
            configure(endpoint);
        }

        switch (address.Kind)
        {
            case ListenKind.Address:
                kestrel.Listen(address.Address, address.Port, Configure);
                break;
            case ListenKind.Localhost:
                kestrel.ListenLocalhost(address.Port, Configure);
                break;
            case ListenKind.Any:
                kestrel.ListenAnyIP(address.Port, Configure);
                break;
            default:
                break;
        }
    }

    private static ListenOptions Mark(ListenOptions endpoint, PrivateListener listener)
    {
        var arrival = listener.Arrival;
        endpoint.Use(next => connection =>
        {
            connection.Features.Set(arrival);
            return next(connection);
        });
        return endpoint;
    }

    // Anybody may ask for any name: one of its own is issued for those alone that are a registry's.
    private static TlsHandshakeCallbackOptions HandshakeOptions(ServerCertificates certificates, IServiceProvider services)
    {
        var hosts = new Lazy<DataEndpointHosts>(services.GetRequiredService<DataEndpointHosts>);
        return new TlsHandshakeCallbackOptions
        {
            OnConnection = handshake => handshake.ClientHelloInfo.ServerName is { Length: > 0 } name && hosts.Value.AreAbove(name)
                ? SelectAsync(certificates, hosts.Value, name, handshake.CancellationToken)
                : ValueTask.FromResult(certificates.Select(null)),
        };
    }

    private static async ValueTask<SslServerAuthenticationOptions> SelectAsync(
        ServerCertificates certificates, DataEndpointHosts hosts, string name, CancellationToken cancellationToken)
    {
        try
        {
            return certificates.Select(await hosts.ExistsAsync(name, cancellationToken) ? name : null);
        }
        catch (MetadataUnavailableException)
        {
            // The request itself is answered that.
            return certificates.Select(null);
        }
    }

    private static void TrustProxies(ForwardedHeadersOptions forwarded, IReadOnlyList<System.Net.IPNetwork> networks)
    {
        forwarded.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost;
        forwarded.ForwardLimit = null;
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var network in networks)
            forwarded.KnownIPNetworks.Add(network);
    }
}

using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Berth.Registry.Network;
using Berth.Server.Configuration;
using Berth.Server.Memory;
using Berth.Server.Telemetry;
using Microsoft.AspNetCore.Connections;

namespace Berth.Server.Hosting;

/// <summary>Closes a connection from an address that has too many open, before anything is read from it or agreed on.</summary>
internal sealed partial class ConnectionLimit : IDisposable
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<IPAddress, int> _open = new();
    private readonly Lock _lock = new();
    private readonly IReadOnlyList<IPNetwork> _proxies;
    private readonly bool _countsThisMachine;
    private readonly long _most;
    private readonly TimeProvider _time;
    private readonly ILogger<ConnectionLimit> _logger;
    private readonly Meter _meter;
    private readonly Counter<long> _refused;
    private long? _saidAt;
    private long _unsaid;

    public ConnectionLimit(ServerOptions options, IMeterFactory meters, TimeProvider time, ILogger<ConnectionLimit> logger)
    {
        (_time, _logger, _proxies) = (time, logger, options.Http.TrustedProxies);
        _countsThisMachine = options.Connections.PerAddress > 0;
        _most = options.Connections.PerAddress > 0 ? options.Connections.PerAddress : Math.Max(1, MemoryBudget.Connections(options.Memory) / 4);
        _meter = meters.Create(StorageMetrics.MeterName);
        _refused = _meter.CreateCounter<long>("berth.connection.refused", "{connection}", "Connections that were closed at once because their address had too many open.");
    }

    /// <summary>Serves a connection, or closes it.</summary>
    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (connection.RemoteEndPoint is not IPEndPoint { Address: var address } || IsFree(address))
        {
            await next(connection);
            return;
        }

        var source = SourceAddress.Of(address);
        if (!TryEnter(source))
        {
            Refuse(source);
            connection.Abort(new ConnectionAbortedException("Too many connections are open from this address."));
            return;
        }

        try
        {
            await next(connection);
        }
        finally
        {
            Leave(source);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private bool IsFree(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return (!_countsThisMachine && IPAddress.IsLoopback(address)) || _proxies.Any(network => network.Contains(address));
    }

    private bool TryEnter(IPAddress source)
    {
        if (_open.AddOrUpdate(source, 1, static (_, open) => open + 1) <= _most) return true;
        Leave(source);
        return false;
    }

    private void Leave(IPAddress source)
    {
        while (true)
        {
            var open = _open[source];
            if (open > 1 ? _open.TryUpdate(source, open - 1, open) : _open.TryRemove(new(source, open))) return;
        }
    }

    private void Refuse(IPAddress source)
    {
        _refused.Add(1);
        long count;
        lock (_lock)
        {
            _unsaid++;
            var now = _time.GetTimestamp();
            if (_saidAt is { } said && _time.GetElapsedTime(said, now) < BetweenLines) return;
            (count, _unsaid, _saidAt) = (_unsaid, 0, now);
        }

        LogRefused(source, _most, count);
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Berth.Server.Tests.Telemetry;

/// <summary>A collector that takes what is sent over HTTP and keeps it, a character for each byte: names stand in the protocol's messages as they are.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, string> _received = new(StringComparer.Ordinal);
    private readonly HttpListener _listener = new();
    private readonly string _address;
    private readonly Task _taking;

    public OtlpReceiver()
    {
        using var reserved = new Socket(SocketType.Stream, ProtocolType.Tcp);
        reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _address = $"http://127.0.0.1:{((IPEndPoint)reserved.LocalEndPoint!).Port}/";
        reserved.Close();
        _listener.Prefixes.Add(_address);
        _listener.Start();
        _taking = TakeAsync();
    }

    /// <summary>The settings of a server that sends here.</summary>
    public Dictionary<string, string?> Settings => new()
    {
        ["BERTH_Telemetry__Otlp__Endpoint"] = _address,
        ["BERTH_Telemetry__Otlp__Protocol"] = "HttpProtobuf",
    };

    public string Traces => _received.GetValueOrDefault("/v1/traces", "");

    public string Metrics => _received.GetValueOrDefault("/v1/metrics", "");

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _taking;
        _listener.Close();
    }

    private async Task TakeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                using var body = new StreamReader(context.Request.InputStream, Encoding.Latin1);
                var text = await body.ReadToEndAsync();
                _received.AddOrUpdate(context.Request.Url!.AbsolutePath, text, (_, earlier) => earlier + text);
                context.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}

using System.Net;
using System.Net.Sockets;
using Berth.Server.Configuration;
using Berth.Server.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Server.Tests.Hosting;

public sealed class StartGateTests
{
    [Fact]
    public async Task The_sockets_open_only_when_the_gate_does()
    {
        using var reserved = new Socket(SocketType.Stream, ProtocolType.Tcp);
        reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var endpoint = (IPEndPoint)reserved.LocalEndPoint!;
        reserved.Close();

        var gate = new TaskCompletionSource();
        var options = new ServerOptions
        {
            Http = new HttpOptions { Listen = ListenAddress.Of(IPAddress.Loopback, endpoint.Port) },
            Https = new HttpsOptions { Listen = ListenAddress.None },
            Telemetry = new TelemetryOptions { Metrics = false },
        };
        var builder = HostBuilding.CreateBuilder(options, NullLoggerFactory.Instance, TimeProvider.System);
        builder.AddListeners(options, certificates: null);
        builder.Services.AddHostedService(_ => new StartGate(gate.Task));
        await using var app = builder.Build();
        app.Run(context => context.Response.WriteAsync("open"));

        var started = app.StartAsync();
        await Task.Delay(500);
        Assert.False(started.IsCompleted);
        using var early = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await Assert.ThrowsAsync<SocketException>(() => early.ConnectAsync(endpoint));

        gate.SetResult();
        await started.WaitAsync(TimeSpan.FromSeconds(30));
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        Assert.Equal("open", await client.GetStringAsync(new Uri($"http://{endpoint}/")));
        await app.StopAsync();
    }

    [Fact]
    public async Task What_closes_the_gate_for_good_is_the_reason_the_start_fails()
    {
        var gate = new StartGate(Task.FromException(new CannotStartException("no")));
        Assert.Equal("no", (await Assert.ThrowsAsync<CannotStartException>(() => gate.StartAsync(CancellationToken.None))).Message);
    }
}

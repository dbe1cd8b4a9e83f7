using Berth.Server.Configuration;
using Berth.Server.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Berth.Server.Tests.Hosting;

/// <summary>What the web host is told before it starts.</summary>
public sealed class HostBuildingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    [InlineData(600)]
    public void The_hosts_own_limit_is_behind_that_of_the_drain(int seconds)
    {
        var drain = TimeSpan.FromSeconds(seconds);
        var options = new ServerOptions { Data = _folder.Data, Shutdown = new ShutdownOptions { DrainTimeout = drain } };
        var services = HostBuilding.CreateBuilder(options, NullLoggerFactory.Instance, TimeProvider.System, TimeProvider.System).Services;
        var host = new HostOptions();
        foreach (var one in services.Where(service => !service.IsKeyedService).Select(service => service.ImplementationInstance).OfType<IConfigureOptions<HostOptions>>()) one.Configure(host);

        Assert.True(host.ShutdownTimeout > drain, $"The host waits for {host.ShutdownTimeout}.");
    }
}

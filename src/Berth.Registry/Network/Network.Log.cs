using Microsoft.Extensions.Logging;

namespace Berth.Registry.Network;

internal sealed partial class RegistryFirewall
{
    [LoggerMessage(6100, LogLevel.Information, "Denied by the network rules of registry '{Registry}': a request from {Address} ({Verdict})")]
    private partial void LogDenied(string registry, string? address, NetworkVerdict verdict);

    [LoggerMessage(6101, LogLevel.Error, "The stored settings of registry '{Registry}' cannot be read, so its data plane is closed to everybody; set its network rules anew")]
    private partial void LogUnreadable(string registry);
}

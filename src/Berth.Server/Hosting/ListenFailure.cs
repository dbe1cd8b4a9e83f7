using System.Net.Sockets;
using Berth.Server.Configuration;
using Microsoft.AspNetCore.Connections;

namespace Berth.Server.Hosting;

/// <summary>What a user is told when a listener cannot bind.</summary>
internal static class ListenFailure
{
    /// <summary>One sentence, or null when the failure is of another kind.</summary>
    public static string? Describe(Exception failure, ServerOptions options)
    {
        var reason = Reason(failure);
        if (reason is null)
            return null;

        // The framework names the address only in its text.
        if (options.Registry.Network.PrivateListeners.FirstOrDefault(l => failure.Message.Contains($"https://{l.Address}", StringComparison.Ordinal)) is { } listener)
            return $"Network:PrivateListeners has '{listener}', {reason}.";
        var https = failure.Message.Contains("https://", StringComparison.Ordinal);
        return https
            ? $"Https:Listen (--https) is '{options.Https.Listen}', {reason}."
            : $"Http:Listen (--http) is '{options.Http.Listen}', {reason}.";
    }

    private static string? Reason(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            switch (failure)
            {
                case AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }:
                    return "where another program listens already; choose another port or end that program";
                case SocketException { SocketErrorCode: SocketError.AccessDenied }:
                    return "where only a privileged program may listen; choose a port from 1024 on, or grant CAP_NET_BIND_SERVICE";
                case SocketException { SocketErrorCode: SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported }:
                    return "which is no address of this machine; allowed is one of its own addresses";
                default:
                    continue;
            }
        }

        return null;
    }
}

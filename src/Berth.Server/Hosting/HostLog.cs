namespace Berth.Server.Hosting;

/// <summary>The host's own log messages.</summary>
internal static partial class HostLog
{
    [LoggerMessage(EventIds.UnknownSetting, LogLevel.Warning, "There is no setting '{Setting}': it is ignored. docs/reference/configuration.md lists them all")]
    public static partial void UnknownSetting(ILogger logger, string setting);

    [LoggerMessage(EventIds.Ready, LogLevel.Information, "Ready: {Addresses}")]
    public static partial void Ready(ILogger logger, string addresses);

    [LoggerMessage(EventIds.LeavingBalancer, LogLevel.Information, "Ending: not ready any more; requests are taken for {Seconds} s yet")]
    public static partial void LeavingBalancer(ILogger logger, double seconds);

    [LoggerMessage(EventIds.Draining, LogLevel.Information, "Ending: no new connections; requests in flight have up to {Seconds} s")]
    public static partial void Draining(ILogger logger, double seconds);

    [LoggerMessage(EventIds.DrainTimedOut, LogLevel.Warning, "Requests were still in flight after {Seconds} s and were cut off")]
    public static partial void DrainTimedOut(ILogger logger, double seconds);

    [LoggerMessage(EventIds.InstallationCreated, LogLevel.Information, "A new installation was made in {Data}")]
    public static partial void InstallationCreated(ILogger logger, string data);

    [LoggerMessage(EventIds.VolatileVolume, LogLevel.Warning, "{Sentence}")]
    public static partial void VolatileVolume(ILogger logger, string sentence);

    [LoggerMessage(EventIds.NoticeNotSent, LogLevel.Warning, "systemd was not told {Notice} at {Socket}")]
    public static partial void NoticeNotSent(ILogger logger, string notice, string socket, Exception reason);

    [LoggerMessage(EventIds.OwnerNotSettled, LogLevel.Critical, "The owner's password could not be set from the environment, so the process ends; start it again when the cause is gone")]
    public static partial void OwnerNotSettled(ILogger logger, Exception reason);

    [LoggerMessage(EventIds.MetadataFaulted, LogLevel.Critical, "The metadata store can no longer be trusted, so the process ends; start it again when the cause is gone")]
    public static partial void MetadataFaulted(ILogger logger, Exception reason);
}

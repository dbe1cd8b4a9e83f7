using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity;

public sealed partial class Authenticator
{
    [LoggerMessage(4000, LogLevel.Information, "Sign-in refused for user '{User}': unknown, disabled, or a wrong password")]
    private partial void LogRefused(string user);
}

public sealed partial class OwnerAccount
{
    [LoggerMessage(4001, LogLevel.Information, "The owner's password was set from BERTH_OWNER_PASSWORD")]
    private partial void LogPasswordSet();
}

public sealed partial class AccessLog
{
    [LoggerMessage(4002, LogLevel.Error, "Sign-ins and denials could not be written; those of this batch are lost and counted as dropped")]
    private partial void LogFlushFailed(Exception e);
}

using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity;

public sealed partial class Authenticator
{
    [LoggerMessage(4000, LogLevel.Information, "Sign-in refused for user '{User}' from {Address}: unknown, disabled, or a wrong password")]
    private partial void LogRefused(string user, string? address);

    [LoggerMessage(4003, LogLevel.Warning, "Sign-in refused for user '{User}' from {Address}: too many are being checked at this moment")]
    private partial void LogTooMany(string user, string? address);
}

public sealed partial class OwnerAccount
{
    [LoggerMessage(4001, LogLevel.Information, "The owner's password was set from BERTH_OWNER_PASSWORD")]
    private partial void LogPasswordSet();
}

public sealed partial class AccessLog
{
    [LoggerMessage(4002, LogLevel.Error, "Pulls, sign-ins and denials could not be written; they wait in memory for the next attempt")]
    private partial void LogFlushFailed(Exception e);

    [LoggerMessage(4006, LogLevel.Error, "{Count} pulls, sign-ins and denials were not recorded: the metadata database answers, but does not take them")]
    private partial void LogNotTaken(Exception e, long count);
}

internal sealed partial class UsageLog
{
    [LoggerMessage(4010, LogLevel.Error, "Pulls and uses of credentials could not be written; they wait in memory for the next attempt")]
    private partial void LogFlushFailed(Exception e);

    [LoggerMessage(4011, LogLevel.Warning, "{Count} pulls and uses of credentials were not recorded: too many different ones came at once")]
    private partial void LogDropped(long count);
}

internal sealed partial class SigningKeys
{
    [LoggerMessage(4004, LogLevel.Error, "The key that signs tokens of the {Issuer} is due to be replaced and could not be; it goes on for now")]
    private partial void LogNotRenewed(Exception e, string issuer);
}

internal sealed partial class RegistryGate
{
    [LoggerMessage(4005, LogLevel.Information, "Denied: '{User}' asked for {Route} in '{Repository}'")]
    private partial void LogDenied(string user, string route, string repository);
}

using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity.OutsideAccounts;

internal sealed partial class OutsidePeople
{
    [LoggerMessage(4060, LogLevel.Information, "The account '{User}' was made for the subject '{Subject}' of the provider '{Issuer}'")]
    private partial void LogCreated(string user, string subject, string issuer);

    [LoggerMessage(4061, LogLevel.Information, "A sign-in with the outside provider from {Address} was refused: {Reason}")]
    private partial void LogRefused(string? address, string reason);

    [LoggerMessage(4062, LogLevel.Warning, "The provider's subject '{Subject}' would be '{User}' here, which is another account's name; accounts are never joined")]
    private partial void LogNameTaken(string user, string subject);

    [LoggerMessage(4063, LogLevel.Warning, "Identity:Provider:GroupMap names the group '{Group}', which does not stand here")]
    private partial void LogAbsentGroup(string group);

    [LoggerMessage(4064, LogLevel.Information, "A sign-in of '{User}' with the outside provider ended at its renewal: {Reason}")]
    private partial void LogEnded(string user, string reason);
}

internal sealed partial class Provider
{
    [LoggerMessage(4065, LogLevel.Warning, "The provider '{Issuer}' cannot be asked: {Reason}")]
    private partial void LogUnavailable(string issuer, string reason);

    [LoggerMessage(4066, LogLevel.Error, "The provider '{Issuer}' refuses this installation; see Identity:Provider:ClientId, ClientSecret and what is registered there: {Reason}")]
    private partial void LogClientRefused(string issuer, string reason);
}

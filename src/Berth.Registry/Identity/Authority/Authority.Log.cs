using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity.Authority;

internal sealed partial class ClientProofs
{
    [LoggerMessage(4040, LogLevel.Information, "Sign-in refused for application '{ClientId}' from {Address}: unknown, disabled, or the {Reason} is not good")]
    private partial void LogRefused(Guid clientId, string? address, string reason);
}

internal sealed partial class TokenGrants
{
    [LoggerMessage(4041, LogLevel.Information, "Tokens refused for program '{ClientId}' from {Address}: what it brought for {Grant} is not good")]
    private partial void LogRefused(string clientId, string? address, string grant);
}

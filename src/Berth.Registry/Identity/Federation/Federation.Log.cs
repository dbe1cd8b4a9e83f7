using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity.Federation;

internal sealed partial class FederatedAssertions
{
    [LoggerMessage(
        4020, LogLevel.Information, "A federated token for '{User}' was refused ({Refusal}): issuer '{Issuer}', subject '{Subject}', audience '{Audience}'")]
    private partial void LogRefused(string user, Refusal refusal, string issuer, string subject, string audience);
}

internal sealed partial class IssuerKeys
{
    [LoggerMessage(4021, LogLevel.Information, "Read {Count} keys of the issuer '{Issuer}'")]
    private partial void LogFetched(string issuer, int count);

    [LoggerMessage(4022, LogLevel.Warning, "The keys of the issuer '{Issuer}' cannot be read: {Reason}")]
    private partial void LogUnreachable(string issuer, string reason);
}

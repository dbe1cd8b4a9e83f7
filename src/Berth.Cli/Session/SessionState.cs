using System.Text.Json.Serialization;

namespace Berth.Cli.Session;

/// <summary>What is remembered between commands: where the installation is, who is signed in, and the tokens.</summary>
internal sealed record SessionState
{
    /// <summary>The address that was signed in to.</summary>
    public required string Endpoint { get; init; }

    /// <summary>The authority's address.</summary>
    public required string LoginEndpoint { get; init; }

    /// <summary>The control plane's address.</summary>
    public required string ArmEndpoint { get; init; }

    /// <summary>The directory's address.</summary>
    public required string GraphEndpoint { get; init; }

    /// <summary>The directory tenant's GUID.</summary>
    public required string TenantId { get; init; }

    /// <summary>The subscription's GUID.</summary>
    public required string SubscriptionId { get; init; }

    /// <summary>The user name, or a service principal's client id.</summary>
    public required string UserName { get; init; }

    /// <summary>A service principal's secret; null for a person.</summary>
    public string? Secret { get; init; }

    /// <summary>A person's refresh token; null for a service principal.</summary>
    public string? RefreshToken { get; init; }

    /// <summary>Access tokens by what they are for.</summary>
    public Dictionary<string, AccessTokenState> AccessTokens { get; init; } = [];

    /// <summary>Whether a service principal is signed in, not a person.</summary>
    [JsonIgnore]
    public bool IsServicePrincipal => Secret is not null;
}

/// <summary>An access token.</summary>
/// <param name="Token">Its text.</param>
/// <param name="Until">When it ends.</param>
internal sealed record AccessTokenState(string Token, DateTimeOffset Until);

/// <summary>Reads and writes the state as JSON without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(SessionState))]
internal sealed partial class SessionJson : JsonSerializerContext;

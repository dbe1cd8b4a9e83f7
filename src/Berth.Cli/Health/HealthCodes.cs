namespace Berth.Cli.Health;

/// <summary>What a check finds wrong, in the Azure CLI's words where it has one.</summary>
internal static class HealthCodes
{
    /// <summary>The name of the registry does not resolve.</summary>
    public const string Dns = "CONNECTIVITY_DNS_ERROR";

    /// <summary>Nothing answers at its address and port.</summary>
    public const string Connection = "CONNECTIVITY_CONNECTION_ERROR";

    /// <summary>Its certificate is not good, or TLS cannot be agreed on.</summary>
    public const string Tls = "CONNECTIVITY_SSL_ERROR";

    /// <summary>Its certificate ends soon.</summary>
    public const string Expiry = "CERTIFICATE_EXPIRY_WARNING";

    /// <summary>It does not say where tokens are to be had.</summary>
    public const string Challenge = "CONNECTIVITY_CHALLENGE_ERROR";

    /// <summary>Its network rules do not let this address in.</summary>
    public const string Forbidden = "CONNECTIVITY_FORBIDDEN_ERROR";

    /// <summary>It is asked too often.</summary>
    public const string TooMany = "CONNECTIVITY_TOOMANYREQUESTS_ERROR";

    /// <summary>The account that is signed in gets no refresh token.</summary>
    public const string RefreshToken = "CONNECTIVITY_REFRESH_TOKEN_ERROR";

    /// <summary>The credential gets no access token.</summary>
    public const string AccessToken = "CONNECTIVITY_ACCESS_TOKEN_ERROR";

    /// <summary>The repositories cannot be listed.</summary>
    public const string Catalog = "CATALOG_ERROR";

    /// <summary>A manifest cannot be read.</summary>
    public const string Pull = "PULL_ERROR";

    /// <summary>The clocks of the registry and of this machine are minutes apart.</summary>
    public const string Clock = "CLOCK_SKEW_ERROR";

    /// <summary>The clocks are somewhat apart.</summary>
    public const string ClockDrift = "CLOCK_SKEW_WARNING";
}

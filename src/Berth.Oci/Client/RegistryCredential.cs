using System.Text;

namespace Berth.Oci.Client;

/// <summary>What a client shows a registry, or the authority that the registry names, to prove who it is. Never printed.</summary>
public sealed class RegistryCredential
{
    private RegistryCredential(string? userName, string? password, string? refreshToken, string? registryToken)
    {
        UserName = userName;
        Password = password;
        RefreshToken = refreshToken;
        RegistryToken = registryToken;
    }

    internal string? UserName { get; }

    internal string? Password { get; }

    internal string? RefreshToken { get; }

    internal string? RegistryToken { get; }

    /// <summary>A user name and a password: shown to the registry by Basic, or to the authority for a token.</summary>
    /// <exception cref="ArgumentException">The user name is empty or has a colon, which Basic cannot carry (RFC 7617, section 2).</exception>
    public static RegistryCredential FromPassword(string userName, string password)
    {
        ArgumentException.ThrowIfNullOrEmpty(userName);
        if (userName.Contains(':', StringComparison.Ordinal)) throw new ArgumentException("A user name cannot have a colon.", nameof(userName));
        return new RegistryCredential(userName, password, null, null);
    }

    /// <summary>A refresh token (an identity token in Docker's words), exchanged at the authority for access tokens (RFC 6749, section 6).</summary>
    public static RegistryCredential FromRefreshToken(string refreshToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(refreshToken);
        return new RegistryCredential(null, null, refreshToken, null);
    }

    /// <summary>An access token of the registry, sent as it is.</summary>
    public static RegistryCredential FromRegistryToken(string token)
    {
        ArgumentException.ThrowIfNullOrEmpty(token);
        return new RegistryCredential(null, null, null, token);
    }

    /// <summary>Says nothing of the secret.</summary>
    public override string ToString() => "RegistryCredential";

    internal string ToBasic() => Convert.ToBase64String(Encoding.UTF8.GetBytes($"{UserName}:{Password}"));
}

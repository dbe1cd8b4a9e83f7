namespace Berth.Registry.Identity;

/// <summary>Settings of sign-in.</summary>
public sealed record IdentityOptions
{
    /// <summary>How long a verified password is remembered in memory, at most 60 seconds. Default 60 seconds.</summary>
    public TimeSpan CredentialMemory { get; init; } = TimeSpan.FromSeconds(60);
}

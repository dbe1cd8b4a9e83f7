using System.ComponentModel.DataAnnotations;

namespace Berth.Registry.Identity;

/// <summary>Settings of sign-in.</summary>
public sealed record IdentityOptions
{
    /// <summary>How long a verified password is remembered in memory, at most 60 seconds. Default 60 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan CredentialMemory { get; init; } = TimeSpan.FromSeconds(60);
}

using System.ComponentModel.DataAnnotations;

namespace Berth.Registry.Identity;

/// <summary>Settings of sign-in.</summary>
public sealed record IdentityOptions
{
    /// <summary>How long a verified password is remembered in memory, at most 60 seconds. Default 60 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan CredentialMemory { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a registry token is good, between a minute and a day. Default 75 minutes, as Azure Container Registry's.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")]
    public TimeSpan AccessTokenLifetime { get; init; } = TimeSpan.FromMinutes(75);

    /// <summary>How long a registry's refresh token is good, between a minute and a day. Default 3 hours, as Azure Container Registry's.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")]
    public TimeSpan RefreshTokenLifetime { get; init; } = TimeSpan.FromHours(3);

    /// <summary>How long an access token of the authority is good, between a minute and a day. Default 75 minutes, the middle of what Microsoft Entra gives.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")]
    public TimeSpan AuthorityTokenLifetime { get; init; } = TimeSpan.FromMinutes(75);

    /// <summary>
    /// How long a sign-in at the authority can be renewed after it was renewed last, between a minute and 90 days. Default 24 hours: a command line that is
    /// used every day stays signed in.
    /// </summary>
    [Range(typeof(TimeSpan), "00:01:00", "90.00:00:00")]
    public TimeSpan RefreshGrantLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long a sign-in at the authority can be renewed at all, between an hour and ten years. Default 90 days, as with Microsoft Entra.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan LongestSignIn { get; init; } = TimeSpan.FromDays(90);

    /// <summary>
    /// How long after a renewal the refresh token that was just used gives the same next one again, at most 10 minutes; zero for never. Default 60 seconds:
    /// command lines that run beside each other share one sign-in.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan RefreshReuseGrace { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The longest that a sign-in waits because others of its account failed from the same address, at most 10 seconds; zero for no wait. Default 2 seconds.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:10")]
    public TimeSpan LongestFailureDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Whether local accounts may sign in to the authority with <c>grant_type=password</c>. Default true.</summary>
    public bool PasswordGrant { get; init; } = true;

    /// <summary>How long a key signs tokens before a new one takes its place, between an hour and ten years. Default 90 days.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan SigningKeyLifetime { get; init; } = TimeSpan.FromDays(90);

    /// <summary>The outside provider.</summary>
    public OutsideProviderOptions Provider { get; init; } = new();
}

using System.ComponentModel.DataAnnotations;

namespace Berth.Registry.Identity;

/// <summary>Settings of the OpenID Connect provider that people may come from. It is asked for nothing before somebody signs in with it.</summary>
public sealed record OutsideProviderOptions
{
    /// <summary>The provider's issuer, exactly as its discovery document has it: an https address. Without it there are local accounts only.</summary>
    public string? Issuer { get; init; }

    /// <summary>The id under which Berth is registered there.</summary>
    public string? ClientId { get; init; }

    /// <summary>The secret of that registration; none for a public client, which proves itself by PKCE alone.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>A file that holds the secret instead; read at the start.</summary>
    public string? ClientSecretFile { get; init; }

    /// <summary>What the provider is called on the sign-in page. Default <c>your organisation</c>.</summary>
    public string Name { get; init; } = "your organisation";

    /// <summary>The scopes that are asked for; <c>offline_access</c> makes most providers give a refresh token. Default <c>openid profile email offline_access</c>.</summary>
    public string Scopes { get; init; } = "openid profile email offline_access";

    /// <summary>
    /// The claim that the user name is made of at the first sign-in; one without <c>@</c> gets the issuer's host behind it. Default: the first there is of
    /// <c>preferred_username</c>, <c>upn</c> and <c>email</c> (where the provider says that it is verified).
    /// </summary>
    public string? UserNameClaim { get; init; }

    /// <summary>The claim with the name that is shown to people. Default <c>name</c>.</summary>
    public string DisplayNameClaim { get; init; } = "name";

    /// <summary>The claim that lists the person's groups. Default <c>groups</c>.</summary>
    public string GroupsClaim { get; init; } = "groups";

    /// <summary>
    /// Groups here that the provider's groups give: <c>outer=inner</c> each, the provider's id for the group and the name or object id of one that stands here
    /// (comma separated or a JSON array). Default none.
    /// </summary>
    public IReadOnlyList<string> GroupMap { get; init; } = [];

    /// <summary>Whether groups that the map does not name are left out. Default false: each becomes a group of its own when it is first seen.</summary>
    public bool OnlyMappedGroups { get; init; }

    /// <summary>
    /// How long the groups hold that the provider named, where it gives nothing to ask it again with; then the person signs in again. Default 8 hours, a
    /// working day.
    /// </summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00")]
    public TimeSpan MembershipLifetime { get; init; } = TimeSpan.FromHours(8);

    /// <summary>Whether people may come from it.</summary>
    internal bool IsOn => Issuer is not null;

    /// <summary>Whether its groups mean anything here.</summary>
    internal bool UsesGroups => !OnlyMappedGroups || GroupMap.Count > 0;
}

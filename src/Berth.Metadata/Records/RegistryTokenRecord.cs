namespace Berth.Metadata;

/// <summary>A named set of actions on repositories, for a registry's tokens.</summary>
/// <param name="RegistryId">The registry.</param>
/// <param name="Name">Its name, unique within the registry.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Actions">The actions, such as <c>repositories/app/content/read</c>.</param>
/// <param name="SystemDefined">Whether it comes with the registry.</param>
public sealed record ScopeMapRecord(long RegistryId, string Name, string Description, IReadOnlyList<string> Actions, bool SystemDefined)
{
    /// <summary>When it was made; the store's to say.</summary>
    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>A registry's token: a principal that may do what its scope map says.</summary>
/// <param name="RegistryId">The registry.</param>
/// <param name="Name">Its name, unique within the registry.</param>
/// <param name="ScopeMap">The scope map's name.</param>
/// <param name="Principal">The principal, which says whether the token is enabled.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record RegistryTokenRecord(long RegistryId, string Name, string ScopeMap, PrincipalRecord Principal, DateTimeOffset CreatedAt);

/// <summary>What to change of a token; null leaves it.</summary>
/// <param name="ScopeMap">The scope map's name.</param>
/// <param name="Enabled">Whether it may sign in.</param>
/// <param name="KeptSlots">The slots of the passwords that stay; those in others are removed.</param>
public sealed record RegistryTokenChanges(string? ScopeMap = null, bool? Enabled = null, IReadOnlyCollection<string>? KeptSlots = null);

/// <summary>A registry's token with all that a sign-in needs.</summary>
/// <param name="Token">The token.</param>
/// <param name="Actions">The actions of its scope map.</param>
/// <param name="Credentials">Its credentials, by key id.</param>
public sealed record RegistryTokenGrant(RegistryTokenRecord Token, IReadOnlyList<string> Actions, IReadOnlyList<CredentialRecord> Credentials);

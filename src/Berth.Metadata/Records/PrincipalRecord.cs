namespace Berth.Metadata;

/// <summary>Someone or something that may hold rights.</summary>
/// <param name="Id">The row; never given to another principal.</param>
/// <param name="ObjectId">The GUID that other services know the principal by.</param>
/// <param name="Name">The user name; of a registry's token or admin user <c>{registry}/{name}</c>, of a managed identity the scope of the resource it is, or is of.</param>
/// <param name="PasswordHash">The slow hash of the password in its own text form, or null when there is none.</param>
/// <param name="Epoch">The security epoch: grows with every change of password, state or rights.</param>
/// <param name="Enabled">Whether the principal may sign in; of a group, whether it gives its members anything.</param>
public sealed record PrincipalRecord(long Id, string ObjectId, string Name, string? PasswordHash, long Epoch, bool Enabled)
{
    /// <summary>What it is.</summary>
    public PrincipalKind Kind { get; init; }

    /// <summary>The name that is shown to people.</summary>
    public string DisplayName { get; init; } = "";

    /// <summary>The GUID that an application or identity signs in with, or null.</summary>
    public string? ClientId { get; init; }

    /// <summary>The registry that a token or an admin user belongs to, or null.</summary>
    public long? RegistryId { get; init; }

    /// <summary>The outside provider that vouches for a person or named a group; null for one of this installation's own.</summary>
    public string? Issuer { get; init; }

    /// <summary>The provider's own id for it, or null.</summary>
    public string? Subject { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was changed last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>What a principal is. Stored by name.</summary>
public enum PrincipalKind
{
    /// <summary>A person.</summary>
    User,

    /// <summary>A group of principals.</summary>
    Group,

    /// <summary>An application's account.</summary>
    ServicePrincipal,

    /// <summary>The identity of a workload, known by who vouches for it.</summary>
    ManagedIdentity,

    /// <summary>A registry's token with its scope map.</summary>
    RegistryToken,

    /// <summary>A registry's admin user.</summary>
    AdminUser,
}

/// <summary>What a new principal is made of.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">The user name; the name within the registry where <paramref name="RegistryId"/> is set.</param>
/// <param name="DisplayName">The name that is shown to people.</param>
/// <param name="ObjectId">Its GUID, or null to have one made.</param>
/// <param name="ClientId">The GUID it signs in with, or null.</param>
/// <param name="RegistryId">The registry it belongs to, or null.</param>
/// <param name="PasswordHash">The slow hash of a password, or null.</param>
/// <param name="Enabled">Whether it may sign in.</param>
public sealed record NewPrincipal(
    PrincipalKind Kind, string Name, string DisplayName, string? ObjectId = null, string? ClientId = null, long? RegistryId = null,
    string? PasswordHash = null, bool Enabled = true);

/// <summary>What to change of a principal; null leaves it.</summary>
/// <param name="DisplayName">The name that is shown to people.</param>
/// <param name="Enabled">Whether it may sign in.</param>
/// <param name="PasswordHash">The slow hash of a new password.</param>
public sealed record PrincipalChanges(string? DisplayName = null, bool? Enabled = null, string? PasswordHash = null);

/// <summary>A group that a principal is in.</summary>
/// <param name="Id">The group's row.</param>
/// <param name="ObjectId">Its GUID.</param>
/// <param name="Name">Its name.</param>
/// <param name="Through">The row of its member by which the principal is in it: itself, or a group nearer to it.</param>
public sealed record GroupOfPrincipal(long Id, string ObjectId, string Name, long Through);

/// <summary>A managed identity: a principal that is a resource, too.</summary>
/// <param name="Principal">The principal.</param>
/// <param name="SubscriptionId">The subscription.</param>
/// <param name="ResourceGroup">The resource group.</param>
/// <param name="Name">The resource's name.</param>
/// <param name="Location">The resource's location.</param>
/// <param name="Tags">Its tags, a JSON object.</param>
public sealed record ManagedIdentityRecord(
    PrincipalRecord Principal, string SubscriptionId, string ResourceGroup, string Name, string Location, string Tags)
{
    /// <summary>Its place in the tree of resources.</summary>
    public ResourceScope Scope => ResourceScope.OfIdentity(SubscriptionId, ResourceGroup, Name);
}

/// <summary>What a new managed identity is made of.</summary>
/// <param name="SubscriptionId">The subscription.</param>
/// <param name="ResourceGroup">The resource group, which must stand.</param>
/// <param name="Name">The resource's name.</param>
/// <param name="Location">The resource's location.</param>
/// <param name="Tags">Its tags, a JSON object.</param>
/// <param name="ClientId">The GUID it signs in with.</param>
public sealed record NewManagedIdentity(string SubscriptionId, string ResourceGroup, string Name, string Location, string Tags, string ClientId);

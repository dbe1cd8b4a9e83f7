namespace Berth.Metadata;

/// <summary>How rights in a registry's repositories are given. The values are stored.</summary>
public enum RoleAssignmentMode
{
    /// <summary>Actions of the control plane such as <c>pull/read</c>, always on all repositories.</summary>
    LegacyRegistryPermissions = 0,

    /// <summary>Data actions such as <c>repositories/content/read</c>, on the repositories that the assignment's condition leaves.</summary>
    AbacRepositoryPermissions = 1,
}

/// <summary>One registry of the installation.</summary>
/// <param name="Id">Its row; never given to another registry.</param>
/// <param name="Name">Its name, the first label of its host name.</param>
/// <param name="Epoch">The registry's security epoch: grows with every change that may take rights away.</param>
public sealed record RegistryRecord(long Id, string Name, long Epoch)
{
    /// <summary>The subscription.</summary>
    public string SubscriptionId { get; init; } = "";

    /// <summary>The resource group.</summary>
    public string ResourceGroup { get; init; } = "";

    /// <summary>The resource's location.</summary>
    public string Location { get; init; } = "";

    /// <summary>The service tier's name.</summary>
    public string Sku { get; init; } = "";

    /// <summary>Its tags, a JSON object.</summary>
    public string Tags { get; init; } = "{}";

    /// <summary>Whether the admin user may sign in.</summary>
    public bool AdminUserEnabled { get; init; }

    /// <summary>Whether anyone may pull.</summary>
    public bool AnonymousPullEnabled { get; init; }

    /// <summary>How rights in repositories are given.</summary>
    public RoleAssignmentMode RoleAssignmentMode { get; init; }

    /// <summary>What features keep for the registry, a JSON object.</summary>
    public string Properties { get; init; } = "{}";

    /// <summary>Whether what is deleted is kept for some days, in which it can be restored.</summary>
    public DeletionPolicy SoftDelete { get; init; } = DeletionPolicy.Default;

    /// <summary>Whether manifests that no tag has named for some days are deleted.</summary>
    public DeletionPolicy Retention { get; init; } = DeletionPolicy.Default;

    /// <summary>Whether what is pushed starts quarantined, until somebody says that it passed.</summary>
    public bool QuarantinesPushes { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was changed last.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Its place in the tree of resources.</summary>
    public ResourceScope Scope => ResourceScope.OfRegistry(SubscriptionId, ResourceGroup, Name);
}

/// <summary>What a new registry is made of.</summary>
/// <param name="Name">Its name, the first label of its host name.</param>
/// <param name="SubscriptionId">The subscription.</param>
/// <param name="ResourceGroup">The resource group, which must stand.</param>
/// <param name="Location">The resource's location.</param>
/// <param name="Sku">The service tier's name.</param>
public sealed record NewRegistry(string Name, string SubscriptionId, string ResourceGroup, string Location, string Sku)
{
    /// <summary>What else is not as by default.</summary>
    public RegistryChanges Settings { get; init; } = new();
}

/// <summary>What to change of a registry; null leaves it.</summary>
/// <param name="Sku">The service tier's name.</param>
/// <param name="Tags">Its tags, a JSON object.</param>
/// <param name="AdminUserEnabled">Whether the admin user may sign in.</param>
/// <param name="AnonymousPullEnabled">Whether anyone may pull.</param>
/// <param name="RoleAssignmentMode">How rights in repositories are given.</param>
/// <param name="Properties">What features keep for the registry.</param>
/// <param name="Identity">Whether it has an identity of its own; one that stands is kept.</param>
/// <param name="Attached">Which other identities are attached to it.</param>
public sealed record RegistryChanges(
    string? Sku = null, string? Tags = null, bool? AdminUserEnabled = null, bool? AnonymousPullEnabled = null, RoleAssignmentMode? RoleAssignmentMode = null,
    PropertiesChange? Properties = null, bool? Identity = null, AttachmentChange? Attached = null)
{
    /// <summary>What to change of the policy that keeps what is deleted.</summary>
    public DeletionPolicyChange SoftDelete { get; init; }

    /// <summary>What to change of the policy that deletes untagged manifests.</summary>
    public DeletionPolicyChange Retention { get; init; }

    /// <summary>Whether what is pushed starts quarantined.</summary>
    public bool? QuarantinesPushes { get; init; }
}

/// <summary>A change of what features keep for a registry. Where that is not what the change began from, another change came between: nothing is changed then.</summary>
/// <param name="From">The JSON object that the change began from; of a new registry <c>{}</c>.</param>
/// <param name="To">The JSON object that it ends with.</param>
/// <param name="Facts">What it changes, by name, with what becomes of it: for the ledger.</param>
public sealed record PropertiesChange(string From, string To, IReadOnlyList<(string Name, string Value)> Facts);

/// <summary>A resource group.</summary>
/// <param name="SubscriptionId">The subscription.</param>
/// <param name="Name">Its name; case does not tell two of them apart.</param>
/// <param name="Location">Its location.</param>
/// <param name="Tags">Its tags, a JSON object.</param>
public sealed record ResourceGroupRecord(string SubscriptionId, string Name, string Location, string Tags);

/// <summary>What somebody without credentials may do in a repository.</summary>
/// <param name="Registry">Whether anyone may pull from the whole registry.</param>
/// <param name="Repository">Whether anyone may pull from the repository.</param>
/// <param name="Epoch">The registry's security epoch; 0 when it is absent.</param>
public readonly record struct AnonymousAccess(bool Registry, bool Repository, long Epoch);

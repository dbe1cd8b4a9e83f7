namespace Berth.Metadata;

/// <summary>The identities that a registry acts as.</summary>
/// <param name="Own">The one of its own, made and deleted by the registry's changes; null where it has none.</param>
/// <param name="Attached">Those that operators made and attached, in the order of their scopes.</param>
public sealed record RegistryIdentities(PrincipalRecord? Own, IReadOnlyList<ManagedIdentityRecord> Attached)
{
    /// <summary>Those of a registry without any.</summary>
    public static RegistryIdentities None { get; } = new(null, []);
}

/// <summary>A change of the identities that are attached to a registry.</summary>
/// <param name="Replaces">Whether those are taken away that stand and are not among <paramref name="Attach"/>.</param>
/// <param name="Attach">The scopes of identities to be attached; one that is gone is passed over.</param>
/// <param name="Detach">The scopes of identities to be taken away.</param>
public sealed record AttachmentChange(bool Replaces, IReadOnlyList<ResourceScope> Attach, IReadOnlyList<ResourceScope> Detach)
{
    /// <summary>The scopes that are attached after the change.</summary>
    public IReadOnlySet<ResourceScope> Apply(IEnumerable<ResourceScope> standing) => (Replaces ? [] : standing).Except(Detach).Union(Attach).ToHashSet();
}

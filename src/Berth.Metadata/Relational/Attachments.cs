namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql ListAttached = new($"""
        SELECT {IdentityColumns} FROM registry_identities a
        CROSS JOIN managed_identities i ON i.principal_id = a.principal_id
        CROSS JOIN principals p ON p.id = i.principal_id
        WHERE a.registry_id = ?1
        """);

    private static readonly Sql ListOwnOfRegistries = new($"""
        SELECT {PrincipalColumns}, r.id FROM registries r CROSS JOIN principals p ON p.name = r.scope AND p.kind = 'managedIdentity'
        WHERE r.scope >= ?1 AND r.scope <= ?2
        """);

    private static readonly Sql ListAttachedOfRegistries = new($"""
        SELECT {IdentityColumns}, r.id FROM registries r
        CROSS JOIN registry_identities a ON a.registry_id = r.id
        CROSS JOIN managed_identities i ON i.principal_id = a.principal_id
        CROSS JOIN principals p ON p.id = i.principal_id
        WHERE r.scope >= ?1 AND r.scope <= ?2
        """);

    private static readonly Sql InsertAttachment = new("INSERT INTO registry_identities (registry_id, principal_id) VALUES (?1, ?2)");

    private static readonly Sql DeleteAttachment = new("DELETE FROM registry_identities WHERE registry_id = ?1 AND principal_id = ?2");

    private static readonly Sql DeleteAttachmentsOfRegistry = new("DELETE FROM registry_identities WHERE registry_id = ?1");

    /// <inheritdoc/>
    public ValueTask<IReadOnlyDictionary<long, RegistryIdentities>> ListRegistryIdentitiesAsync(
        ResourceScope first, ResourceScope last, CancellationToken cancellationToken) => ReadAsync(
        (first, last),
        static (reader, range) =>
        {
            using var transaction = reader.BeginRead();
            var attached = new Dictionary<long, List<ManagedIdentityRecord>>();
            using (var rows = reader.Use(ListAttachedOfRegistries).Bind(range.first.Value).Bind(range.last.Value))
            {
                while (rows.Step())
                {
                    var registry = rows.Int64(IdentityColumnCount);
                    if (!attached.TryGetValue(registry, out var identities)) attached[registry] = identities = [];
                    identities.Add(ReadIdentity(rows));
                }
            }

            var all = attached.ToDictionary(entry => entry.Key, entry => new RegistryIdentities(null, [.. entry.Value.OrderBy(identity => identity.Scope.Value, StringComparer.Ordinal)]));
            using var own = reader.Use(ListOwnOfRegistries).Bind(range.first.Value).Bind(range.last.Value);
            while (own.Step())
            {
                var registry = own.Int64(PrincipalColumnCount);
                all[registry] = all.GetValueOrDefault(registry, RegistryIdentities.None) with { Own = ReadPrincipal(own, 0) };
            }

            return (IReadOnlyDictionary<long, RegistryIdentities>)all;
        },
        cancellationToken);

    /// <summary>What a change attaches to a registry and takes away from it.</summary>
    private static Attachments PlanAttachments(Session session, long registryId, AttachmentChange? change)
    {
        if (change is null) return new Attachments([], []);
        var standing = new List<ManagedIdentityRecord>();
        using (var rows = session.Use(ListAttached).Bind(registryId))
        {
            while (rows.Step()) standing.Add(ReadIdentity(rows));
        }

        var wanted = change.Apply(standing.Select(identity => identity.Scope));
        var added = wanted.Except(standing.Select(identity => identity.Scope)).Select(scope => ReadIdentity(session, scope)).OfType<ManagedIdentityRecord>();
        return new Attachments([.. added], [.. standing.Where(identity => !wanted.Contains(identity.Scope))]);
    }

    /// <summary>Attaches identities to a registry, and takes others away from it.</summary>
    private static void SetAttachments(WriteScope scope, long registryId, Attachments plan)
    {
        foreach (var identity in plan.Removed) scope.Use(DeleteAttachment).Bind(registryId).Bind(identity.Principal.Id).Tell();
        foreach (var identity in plan.Added) scope.Use(InsertAttachment).Bind(registryId).Bind(identity.Principal.Id).Tell();
    }

    /// <summary>Identities to be attached to a registry, and those to be taken away from it.</summary>
    private sealed record Attachments(IReadOnlyList<ManagedIdentityRecord> Added, IReadOnlyList<ManagedIdentityRecord> Removed)
    {
        public bool IsEmpty => Added.Count == 0 && Removed.Count == 0;

        /// <summary>What the ledger says of them.</summary>
        public IEnumerable<(string Name, string Value)> Facts
        {
            get
            {
                if (Added.Count > 0) yield return ("userAssignedIdentities.added", Text(Added));
                if (Removed.Count > 0) yield return ("userAssignedIdentities.removed", Text(Removed));
            }
        }

        private static string Text(IReadOnlyList<ManagedIdentityRecord> identities) => string.Join(',', identities.Select(identity => identity.Scope.Value));
    }
}

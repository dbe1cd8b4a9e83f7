namespace Berth.Metadata.Moving;

/// <summary>A table whose rows go from SQLite to PostgreSQL.</summary>
/// <param name="Name">Its name, in both.</param>
internal sealed record MovedTable(string Name)
{
    /// <summary>What columns of PostgreSQL get that SQLite has not, or that begin anew: their names with an expression of SQLite. All others are copied as they are.</summary>
    public IReadOnlyDictionary<string, string> Expressions { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// All of them, each behind those that it refers to. A table that is not here is in <see cref="LeftOut"/>.
    /// </summary>
    public static IReadOnlyList<MovedTable> All { get; } =
    [
        new("installation"), new("resource_groups"), new("registries"), new("principals"), new("managed_identities"), new("registry_identities"), new("group_members"),
        new("credentials"), new("passwords"), new("federated_credentials"), new("issuer_keys"), new("signing_keys"), new("authority_grants"), new("role_definitions"),
        new("role_assignments"), new("resource_locks"), new("scope_maps"), new("registry_tokens"),
        new("repositories"), new("tag_rules"), new("blobs"), new("memberships"), new("registry_blobs"), new("manifests"), new("manifest_bytes"), new("edges"), new("tags"),
        new("tombstones"), new("deleted_tags"), new("manifest_waits"), new("absent_subjects"), new("security_facts"), new("last_uses"),

        // There a record has its number from the beginning.
        new("ledger") { Expressions = new Dictionary<string, string> { ["id"] = "number" } },
        new("ledger_readers"),

        // What uploads hold of a quota ends with them.
        new("usage") { Expressions = new Dictionary<string, string> { ["reserved"] = "0" } },
        new("owner_usage"), new("usage_history"), new("repository_usage_history"),
        new("lifecycle_rules"), new("lifecycle_plans"), new("lifecycle_items"), new("workloads"), new("workload_digests"), new("access_events"), new("consumers"),
    ];

    /// <summary>The tables of either database whose rows stay behind or are PostgreSQL's own, and why.</summary>
    public static IReadOnlyDictionary<string, string> LeftOut { get; } = new Dictionary<string, string>
    {
        ["migrations"] = "Each database has its own schema's.",
        ["uploads"] = "What a session received is no content yet and is not copied: its client begins anew.",
        ["discarded_locations"] = "They are files of the old folder. What the new store holds and no row names is written there instead.",
        ["leases"] = "Whoever held one has ended.",
        ["nodes"] = "They have ended.",
        ["ledger_sequence"] = "PostgreSQL's own: it goes on behind the last number given.",
        ["usage_deltas"] = "PostgreSQL's own: SQLite has nothing that is yet to be folded in.",
    };
}

namespace Berth.Metadata.Postgres.Engine;

/// <summary>
/// How this role's statements are planned in this database. Every statement of the store is a look-up or a range of an index, joined in the order in which it is written. With parameters for
/// limits the planner would estimate otherwise and read whole tables, and serializable transactions would then take their predicate locks on whole tables, which conflict with every other
/// change. As defaults of the role in the database they hold on every connection, also behind a pool that shares connections; what does read whole tables sets them for its transaction
/// (<see cref="PostgresSession.BeginLong"/>).
/// </summary>
internal static class PlannerDefaults
{
    private static readonly (string Name, string Value)[] Settings =
    [
        ("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off"), ("join_collapse_limit", "1"), ("plan_cache_mode", "force_generic_plan"), ("jit", "off"),
    ];

    /// <summary>Sets those that are not set; connections that are made from then on have them. Under the lock of migrations, so that no two nodes change the same row at once.</summary>
    public static void Set(PostgresSession session)
    {
        foreach (var (name, value) in Settings)
        {
            var standing = session.Run($"""
                SELECT EXISTS (
                    SELECT 1 FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
                        AND setrole = (SELECT oid FROM pg_roles WHERE rolname = current_user) AND '{name}={value}' = ANY (setconfig))
                """)!;
            if (!(bool)standing[0])
                session.RunChange($"DO $$ BEGIN EXECUTE format('ALTER ROLE %I IN DATABASE %I SET {name} = {value}', current_user, current_database()); END $$");
        }
    }
}

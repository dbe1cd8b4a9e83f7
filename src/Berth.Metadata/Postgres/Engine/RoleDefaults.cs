namespace Berth.Metadata.Postgres.Engine;

/// <summary>
/// What holds for this role's sessions in this database: how statements are planned, and how long a node that went away keeps what it had locked.
///
/// Every statement of the store is a look-up or a range of an index, joined in the order in which it is written. With parameters for
/// limits the planner would estimate otherwise and read whole tables, and serializable transactions would then take their predicate locks on whole tables, which conflict with every other
/// change. As defaults of the role in the database they hold on every connection, also behind a pool that shares connections; what does read whole tables sets them for its transaction
/// (<see cref="PostgresSession.BeginLong"/>).
///
/// A node that is cut off in the middle of a transaction closes nothing: the server would keep its locks until TCP gives up, hours later, and every other node would wait for them. Between two
/// statements of a transaction only this program's own work lies, which takes milliseconds; and who does not take what was sent to it is gone.
/// </summary>
internal static class RoleDefaults
{
    private static readonly (string Name, string Value)[] Settings =
    [
        ("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off"), ("join_collapse_limit", "1"), ("plan_cache_mode", "force_generic_plan"), ("jit", "off"),

        // In milliseconds and, of the keepalives, in seconds.
        ("idle_in_transaction_session_timeout", "5000"), ("tcp_user_timeout", "10000"), ("tcp_keepalives_idle", "15"), ("tcp_keepalives_interval", "5"), ("tcp_keepalives_count", "3"),
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

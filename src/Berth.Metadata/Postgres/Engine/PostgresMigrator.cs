using System.Data;
using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Berth.Metadata.Postgres.Engine;

/// <summary>
/// Brings the schema up to date: all missing migrations in one transaction under a lock that other nodes wait for, each remembered with the checksum of its text. Nodes of the
/// version before go on serving meanwhile: a migration only adds what they do not need to know.
/// </summary>
internal static class PostgresMigrator
{
    private const string Prefix = "Berth.Metadata.Postgres.Migrations.";

    // "berth" in ASCII: one lock of this database, held by the transaction.
    private const long LockKey = 0x6265727468;

    private const string Tables = """
        CREATE TABLE IF NOT EXISTS migrations (
            number     BIGINT PRIMARY KEY,
            name       TEXT NOT NULL,
            checksum   TEXT NOT NULL,
            applied_at BIGINT NOT NULL
        )
        """;

    /// <summary>Applies what is missing; returns how many.</summary>
    /// <exception cref="MetadataStartException">The database is newer than this build, or a migration changed after it was applied.</exception>
    public static int Migrate(PostgresSession session, TimeProvider time) => Migrate(session, time, Embedded());

    internal static int Migrate(PostgresSession session, TimeProvider time, IReadOnlyList<Migration> migrations)
    {
        session.BeginTransaction(IsolationLevel.ReadCommitted);
        try
        {
            session.Run("SELECT pg_advisory_xact_lock($1)", LockKey);
            session.RunChange(Tables);
            var applied = Check(session, migrations);
            foreach (var migration in migrations.Skip(applied))
            {
                session.RunScript(migration.Script);
                session.RunChange(string.Create(
                    CultureInfo.InvariantCulture,
                    $"INSERT INTO migrations (number, name, checksum, applied_at) VALUES ({migration.Number}, '{migration.Name}', '{migration.Checksum}', {time.GetUtcNow().ToUnixTimeMilliseconds()})"));
            }

            RoleDefaults.Set(session);
            session.Commit();
            return Math.Max(0, migrations.Count - applied);
        }
        catch
        {
            session.TryReset();
            throw;
        }
    }

    internal static IReadOnlyList<Migration> Embedded()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var resources = assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal));
        return [.. resources.Order(StringComparer.Ordinal).Select(Load)];

        Migration Load(string resource)
        {
            using var text = assembly.GetManifestResourceStream(resource)!;
            var bytes = new byte[text.Length];
            text.ReadExactly(bytes);
            var name = resource[Prefix.Length..];
            return new Migration(int.Parse(name.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture), name, Encoding.UTF8.GetString(bytes));
        }
    }

    /// <summary>How many of the migrations are there. One more than this build knows is what the next version, which rolls in beside it, brought.</summary>
    private static int Check(PostgresSession session, IReadOnlyList<Migration> migrations)
    {
        var standing = session.Run("SELECT count(*), COALESCE(string_agg(checksum, ',' ORDER BY number), '') FROM migrations")!;
        var count = (int)(long)standing[0];
        var checksums = ((string)standing[1]).Split(',', StringSplitOptions.RemoveEmptyEntries);
        if (count > migrations.Count + 1)
        {
            throw new MetadataStartException(
                $"The metadata database has {count} migrations, more than one release beyond the {migrations.Count} that this version knows; start the version that wrote them, or a newer one, or restore the backup that was taken before the update.");
        }

        for (var i = 0; i < Math.Min(count, migrations.Count); i++)
        {
            if (checksums[i] != migrations[i].Checksum)
            {
                throw new MetadataStartException(
                    $"Migration '{migrations[i].Name}' was changed after this metadata database applied it; start a version whose migrations match.");
            }
        }

        return Math.Min(count, migrations.Count);
    }

    /// <summary>A migration as this build carries it.</summary>
    internal sealed record Migration(int Number, string Name, string Script)
    {
        public string Checksum => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Script)));
    }
}

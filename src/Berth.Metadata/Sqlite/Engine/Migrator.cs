using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using Berth.Metadata.Relational;

namespace Berth.Metadata.Sqlite.Engine;

/// <summary>Brings the schema up to date: all missing migrations in one transaction, each remembered with the checksum of its text.</summary>
internal static class Migrator
{
    private const string Prefix = "Berth.Metadata.Sqlite.Migrations.";

    private static readonly Sql ReadApplied = new("SELECT number, name, checksum FROM migrations ORDER BY number");
    private static readonly Sql InsertApplied = new("INSERT INTO migrations (number, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)");

    /// <summary>A migration as this build carries it.</summary>
    internal sealed record Migration(int Number, string Name, string Script)
    {
        public string Checksum => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(Script)));
    }

    /// <summary>Applies what is missing; returns how many.</summary>
    /// <exception cref="MetadataStartException">The database is newer than this build, or a migration changed after it was applied.</exception>
    public static int Migrate(SqliteSession session, TimeProvider time) => Migrate(session, time, Embedded());

    internal static int Migrate(SqliteSession session, TimeProvider time, IReadOnlyList<Migration> migrations)
    {
        session.RunScript("BEGIN IMMEDIATE");
        try
        {
            session.RunScript("""
                CREATE TABLE IF NOT EXISTS migrations (
                    number     INTEGER PRIMARY KEY,
                    name       TEXT NOT NULL,
                    checksum   TEXT NOT NULL,
                    applied_at INTEGER NOT NULL
                ) STRICT
                """);
            var missing = Missing(session, migrations);
            foreach (var migration in missing)
            {
                session.RunScript(migration.Script);
                session.Use(InsertApplied).Bind(migration.Number).Bind(migration.Name).Bind(migration.Checksum).Bind(time.GetUtcNow()).Execute();
            }

            session.RunScript("COMMIT");
            return missing.Count;
        }
        catch
        {
            if (session.InTransaction) session.RunScript("ROLLBACK");
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
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            var name = resource[Prefix.Length..];
            return new Migration(int.Parse(name.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture), name, reader.ReadToEnd());
        }
    }

    private static List<Migration> Missing(SqliteSession session, IReadOnlyList<Migration> migrations)
    {
        var applied = 0;
        using var rows = session.Use(ReadApplied);
        for (; rows.Step(); applied++)
        {
            if (applied >= migrations.Count || rows.Int64(0) != migrations[applied].Number)
            {
                throw new MetadataStartException(
                    $"The metadata database has migration '{rows.Text(1)}', which this version does not know; start the version that wrote it, or a newer one, or restore the backup that was taken before the update.");
            }

            if (rows.Text(2) != migrations[applied].Checksum)
            {
                throw new MetadataStartException(
                    $"Migration '{rows.Text(1)}' was changed after this metadata database applied it; start a version whose migrations match.");
            }
        }

        return [.. migrations.Skip(applied)];
    }
}

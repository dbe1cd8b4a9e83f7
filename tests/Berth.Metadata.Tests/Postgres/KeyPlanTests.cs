using System.Text.Json;
using Berth.Metadata.Relational;
using Npgsql;

namespace Berth.Metadata.Tests.Postgres;

/// <summary>Where a statement names a row by a whole key, PostgreSQL goes to it by that key, whatever it believes of the rows.</summary>
public sealed class KeyPlanTests
{
    private static readonly Dictionary<string, string> Statistics = new()
    {
        ["of a database in use"] = "ANALYZE",
        ["of rows that nobody counted"] = "",
        ["of rows of which none is open, deleted, waiting or listed"] = """
            UPDATE uploads SET state = 3;
            UPDATE lifecycle_plans SET state = 3;
            UPDATE memberships SET review_at = NULL;
            UPDATE repositories SET listed = 0;
            UPDATE ledger SET number = id;
            ANALYZE
            """,
        ["of rows that are all open, deleted, waiting and quarantined"] = """
            UPDATE uploads SET state = 0, reserved = 1;
            UPDATE lifecycle_plans SET state = 0, ended_at = 1;
            UPDATE manifests SET deleted_at = 1, locks = 3, subject = digest;
            UPDATE tags SET locks = 3;
            UPDATE memberships SET review_at = 1;
            UPDATE blobs SET review_at = 1, state = 1;
            UPDATE repositories SET deleted_at = 1, listed = 0, quota = 1, quarantine = 'q', owner = 'o', soft_quota_told = 0;
            UPDATE registries SET soft_quota_told = 0, purge_after = 1;
            ANALYZE
            """,
        ["of repositories with one manifest, blob and upload each"] = """
            DELETE FROM tags WHERE manifest_id > 2000;
            DELETE FROM edges WHERE manifest_id > 2000;
            DELETE FROM manifest_bytes WHERE manifest_id > 2000;
            DELETE FROM manifests WHERE id > 2000;
            INSERT INTO tags (repository_id, name, manifest_id, hybrid_time, region, created_at, updated_at)
                SELECT m.repository_id, 'other' || n, m.id, n, 'r', n, n FROM manifests m CROSS JOIN generate_series(1, 3) n;
            DELETE FROM memberships m USING memberships other WHERE other.repository_id = m.repository_id AND other.digest < m.digest;
            DELETE FROM uploads u USING uploads other WHERE other.repository_id = u.repository_id AND other.id < u.id;
            ANALYZE
            """,
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>All of them, and those of a database that holds nothing.</summary>
    public static TheoryData<string> Known => [.. Statistics.Keys, "of nothing", "of tables that were empty when they were analysed"];

    [Theory]
    [MemberData(nameof(Known))]
    public async Task A_row_that_is_named_by_a_whole_key_is_reached_by_that_key_with_statistics(string known)
    {
        await using var database = await StatementDatabase.CreateAsync();
        await using var connection = await database.ConnectAsync();
        if (Statistics.TryGetValue(known, out var then)) await database.FillAsync(then);
        else if (known != "of nothing") await database.RunAsync("ANALYZE");

        var indexes = await IndexesAsync(connection);
        var (planned, keyed, strays) = (0, 0, new List<string>());
        foreach (var sql in StatementDatabase.Texts.Where(sql => !RelationalMetadataStore.WholeTableChecks.Contains(sql.Text)))
        {
            planned++;
            var plan = string.Join('\n', await StatementDatabase.PlanAsync(connection, sql, "(VERBOSE, FORMAT JSON)"));
            using var json = JsonDocument.Parse(plan);
            var look = KeyedRows.Look(json.RootElement[0].GetProperty("Plan"), indexes);
            keyed += look.Keyed;
            strays.AddRange(look.Strays.Select(stray => $"{stray}\nin\n{sql.Postgres ?? sql.Text}\n"));
        }

        Assert.True(strays.Count == 0, string.Join('\n', strays));
        Assert.InRange(planned, 400, 900);
        Assert.InRange(keyed, planned / 2, planned * 5);
    }

    private static async Task<IReadOnlyList<TableIndex>> IndexesAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT t.relname, x.relname, i.indisunique AND i.indpred IS NULL, t.reltuples <> 0 AND pg_relation_size(t.oid) > 0, pg_get_expr(i.indpred, i.indrelid),
                ARRAY(
                    SELECT COALESCE(CAST(a.attname AS TEXT), pg_get_indexdef(x.oid, CAST(k.place AS INTEGER), false))
                    FROM unnest(i.indkey) WITH ORDINALITY k (number, place) LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number ORDER BY k.place)
            FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n ON n.oid = t.relnamespace
            WHERE n.nspname = 'public'
            """,
            connection);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var indexes = new List<TableIndex>();
        while (await reader.ReadAsync(Token))
        {
            var predicate = reader.IsDBNull(4) ? null : reader.GetString(4);
            indexes.Add(new TableIndex(reader.GetString(0), reader.GetString(1), reader.GetBoolean(2), reader.GetBoolean(3), predicate, reader.GetFieldValue<string[]>(5)));
        }

        return indexes;
    }
}

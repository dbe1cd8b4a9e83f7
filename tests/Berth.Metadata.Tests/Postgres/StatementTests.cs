using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Berth.Metadata.Postgres;
using Berth.Metadata.Postgres.Engine;
using Berth.Metadata.Relational;
using Berth.Oci;
using Berth.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Berth.Metadata.Tests.Postgres;

/// <summary>Every text of the store, as PostgreSQL understands and plans it.</summary>
public sealed partial class StatementTests : IAsyncLifetime
{
    // Their rows are few whatever an installation holds, or are all read on purpose.
    private static readonly HashSet<string> Small = ["installation", "registries", "ledger_sequence", "ledger_readers", "tag_rules"];

    private string _database = "";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        if (PostgresServer.Lacking is { } lacking)
        {
            if (TestRun.IsContinuousIntegration) Assert.Fail(lacking);
            Assert.Skip(lacking);
        }

        var server = await PostgresServer.GetAsync();
        _database = await server.CreateDatabaseAsync(null, Token);
        var options = new PostgresOptions { ConnectionString = server.ConnectionString(_database) };
        await using var store = await PostgresMetadataStore.OpenAsync(options, new DatabaseTime(TimeProvider.System), NoSteps.Instance, NullLogger<RelationalMetadataStore>.Instance, Token);
        foreach (var type in typeof(RelationalMetadataStore).Assembly.GetTypes().Where(type => !type.ContainsGenericParameters)) RuntimeHelpers.RunClassConstructor(type.TypeHandle);
    }

    public async ValueTask DisposeAsync()
    {
        if (_database.Length > 0) await (await PostgresServer.GetAsync()).DropDatabaseAsync(_database, CancellationToken.None);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Every_statement_is_understood_by_PostgreSQL()
    {
        await using var connection = await ConnectAsync();
        var understood = 0;
        foreach (var sql in Sql.All.Where(sql => IsOfTheStore(sql.Text)))
        {
            await RunAsync(connection, $"PREPARE s{++understood} AS {Dialect.Of(sql)}", sql.Text);
        }

        Assert.InRange(understood, 400, 900);
    }

    [Fact]
    public async Task No_statement_of_a_request_reads_a_whole_table_or_sorts_what_it_has_not_limited()
    {
        await SeedAsync();
        await using var connection = await ConnectAsync();
        var planned = 0;
        foreach (var sql in Sql.All.Where(sql => IsOfTheStore(sql.Text) && !RelationalMetadataStore.WholeTableChecks.Contains(sql.Text)))
        {
            var name = $"p{++planned}";
            await RunAsync(connection, $"PREPARE {name} AS {Dialect.Of(sql)}", sql.Text);
            var parameters = Parameter().Matches(sql.Text).Select(match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).DefaultIfEmpty(0).Max();
            var given = parameters == 0 ? "" : $"({string.Join(", ", Enumerable.Repeat("NULL", parameters))})";
            var plan = await RunAsync(connection, $"EXPLAIN EXECUTE {name}{given}", sql.Text);
            foreach (var line in plan) Assert.True(IsCheap(line), $"{line}\nof\n{string.Join('\n', plan)}\nin\n{sql.Text}");
        }

        Assert.InRange(planned, 400, 900);
    }

    private static bool IsCheap(string line) =>
        (WholeTable().Match(line) is not { Success: true } scan || Small.Contains(scan.Groups[1].Value))
        && !line.Contains("Hash Join", StringComparison.Ordinal) && !line.Contains("Merge Join", StringComparison.Ordinal);

    private static bool IsOfTheStore(string text) =>
        !text.Contains("things", StringComparison.Ordinal) && !text.Contains("migrations", StringComparison.Ordinal) && !SqliteOnly().IsMatch(text);

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection((await PostgresServer.GetAsync()).ConnectionString(_database) + ";Pooling=false");
        await connection.OpenAsync(Token);
        return connection;
    }

    private static async Task<List<string>> RunAsync(NpgsqlConnection connection, string text, string told)
    {
        try
        {
            await using var command = new NpgsqlCommand(text, connection);
            await using var reader = await command.ExecuteReaderAsync(Token);
            var lines = new List<string>();
            while (await reader.ReadAsync(Token)) lines.Add(reader.GetString(0));
            return lines;
        }
        catch (PostgresException error)
        {
            throw new InvalidOperationException($"{error.MessageText} in\n{told}", error);
        }
    }

    private async Task SeedAsync()
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(Seed, connection) { CommandTimeout = 300 };
        await command.ExecuteNonQueryAsync(Token);
    }

    [GeneratedRegex(@"\?(\d+)")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"Seq Scan on (\w+)")]
    private static partial Regex WholeTable();

    [GeneratedRegex("^(PRAGMA|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)")]
    private static partial Regex SqliteOnly();

    private const string Seed = """
        INSERT INTO installation (id, store_id, tenant_id, subscription_id, region, ledger_epoch, hybrid_time, created_at) VALUES (1, 's', 't', 'u', 'r', 1, 0, 0);
        INSERT INTO registries (name, subscription_id, resource_group, sku, epoch, created_at, scope)
            SELECT 'registry' || n, 'u', 'g', 'Premium', 1, 0, '/s/' || n FROM generate_series(1, 20) n;
        INSERT INTO repositories (registry_id, name, listed, created_at) SELECT 1 + n % 20, 'repository/' || n, 1, n FROM generate_series(1, 2000) n;
        INSERT INTO manifests (repository_id, digest, media_type, size, hybrid_time, region, created_at, updated_at)
            SELECT 1 + n % 2000, '\x01'::bytea || sha256(n::text::bytea), 'm', 500, n, 'r', n, n FROM generate_series(1, 30000) n;
        INSERT INTO manifest_bytes SELECT id, '\x7b7d' FROM manifests;
        INSERT INTO tags (repository_id, name, manifest_id, hybrid_time, region, created_at, updated_at) SELECT m.repository_id, 'v' || m.id, m.id, m.id, 'r', m.id, m.id FROM manifests m;
        INSERT INTO blobs (digest, size, location, state, created_at) SELECT '\x01'::bytea || sha256(('b' || n)::bytea), 100, 'l' || n, 0, n FROM generate_series(1, 30000) n;
        INSERT INTO memberships (repository_id, digest, lease_until, review_at, created_at)
            SELECT 1 + n % 2000, '\x01'::bytea || sha256(('b' || n)::bytea), n, CASE WHEN n % 100 = 0 THEN n END, n FROM generate_series(1, 30000) n;
        INSERT INTO registry_blobs SELECT r.registry_id, m.digest, 1, r.id FROM memberships m JOIN repositories r ON r.id = m.repository_id;
        INSERT INTO edges (manifest_id, repository_id, kind, digest) SELECT m.id, m.repository_id, 1, '\x01'::bytea || sha256(('b' || m.id)::bytea) FROM manifests m;
        INSERT INTO usage (registry_id, repository_id, bytes, blobs, manifests, tags) SELECT registry_id, id, 1000 + id, 15, 15, 15 FROM repositories;
        INSERT INTO uploads (id, registry_id, repository_id, principal_id, location, state, epoch, algorithm, "offset", created_at, progress_at, expires_at)
            SELECT 'u' || n, 1, 1 + n % 2000, 1, 'ul' || n, n % 4, 1, 1, 0, n, n, n FROM generate_series(1, 10000) n;
        INSERT INTO ledger (number, epoch, hybrid_time, region, kind, registry_id, actor) SELECT n, 1, n, 'r', 'k', 1, 'a' FROM generate_series(1, 30000) n;
        ANALYZE;
        """;
}

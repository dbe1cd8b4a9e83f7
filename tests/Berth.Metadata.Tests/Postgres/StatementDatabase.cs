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

/// <summary>A database with the schema of the store, in which every text of the store can be planned.</summary>
internal sealed partial class StatementDatabase : IAsyncDisposable
{
    private readonly string _name;

    private StatementDatabase(string name, PostgresOptions options) => (_name, Options) = (name, options);

    /// <summary>How the store reaches it.</summary>
    public PostgresOptions Options { get; }

    /// <summary>Every text of the store.</summary>
    public static IEnumerable<Sql> Texts => Sql.All.Where(sql => IsOfTheStore(sql.Text));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Makes one that holds nothing and was never analysed; where there is no PostgreSQL, the test is skipped, or fails where it must not be.</summary>
    public static async Task<StatementDatabase> CreateAsync()
    {
        if (PostgresServer.Lacking is { } lacking)
        {
            if (TestRun.IsContinuousIntegration) Assert.Fail(lacking);
            Assert.Skip(lacking);
        }

        var server = await PostgresServer.GetAsync();
        var name = await server.CreateDatabaseAsync(null, Token);
        var options = new PostgresOptions { ConnectionString = server.ConnectionString(name) };
        await using var store = await PostgresMetadataStore.OpenAsync(options, new DatabaseTime(TimeProvider.System), NoSteps.Instance, NullLogger<RelationalMetadataStore>.Instance, Token);
        foreach (var type in typeof(RelationalMetadataStore).Assembly.GetTypes().Where(type => !type.ContainsGenericParameters)) RuntimeHelpers.RunClassConstructor(type.TypeHandle);
        return new StatementDatabase(name, options);
    }

    /// <summary>A connection as the store's own: its plans know no parameter's value.</summary>
    public async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(Options.ConnectionString + ";Pooling=false");
        await connection.OpenAsync(Token);
        return connection;
    }

    /// <summary>Fills it as one that is in use, and runs what is given after that.</summary>
    public Task FillAsync(string then) => RunAsync(Seed + then);

    /// <summary>Runs a script.</summary>
    public async Task RunAsync(string script)
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(script, connection) { CommandTimeout = 300 };
        await command.ExecuteNonQueryAsync(Token);
    }

    /// <summary>Prepares a text under a name of its own.</summary>
    public static Task PrepareAsync(NpgsqlConnection connection, Sql sql) => RunAsync(connection, $"PREPARE s{sql.Id} AS {Dialect.Of(sql)}", sql.Text);

    /// <summary>The plan of a text, in lines or, with the options for it, in another form.</summary>
    public static async Task<List<string>> PlanAsync(NpgsqlConnection connection, Sql sql, string options = "")
    {
        await PrepareAsync(connection, sql);
        return await RunAsync(connection, $"EXPLAIN {options} {ExecuteOf(sql)}", sql.Text);
    }

    /// <summary>Runs a text that was prepared, with nothing for its parameters.</summary>
    public static Task RunAgainAsync(NpgsqlConnection connection, Sql sql) => RunAsync(connection, $"EXPLAIN (ANALYZE) {ExecuteOf(sql)}", sql.Text);

    public async ValueTask DisposeAsync() => await (await PostgresServer.GetAsync()).DropDatabaseAsync(_name, CancellationToken.None);

    private static string ExecuteOf(Sql sql)
    {
        var parameters = Parameter().Matches(Dialect.Of(sql)).Select(match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).DefaultIfEmpty(0).Max();
        var given = parameters == 0 ? "" : $"({string.Join(", ", Enumerable.Repeat("NULL", parameters))})";
        return $"EXECUTE s{sql.Id}{given}";
    }

    private static bool IsOfTheStore(string text) =>
        !text.Contains("things", StringComparison.Ordinal) && !text.Contains("migrations", StringComparison.Ordinal) && !SqliteOnly().IsMatch(text);

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

    [GeneratedRegex(@"\$(\d+)")]
    private static partial Regex Parameter();

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
        INSERT INTO principals (object_id, kind, name, display_name, enabled, epoch, created_at, updated_at) SELECT 'o' || n, 'user', 'n' || n, 'n', 1, 1, 0, 0 FROM generate_series(1, 500) n;
        INSERT INTO lifecycle_plans (registry_id, kind, state, rules, max_difference, cause, created_at, created_by)
            SELECT 1 + n % 20, 1 + n % 2, CASE WHEN n > 990 THEN 0 ELSE 3 END, '[]', 0, 'c', n, 'a' FROM generate_series(1, 1000) n;

        """;
}

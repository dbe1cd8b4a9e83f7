using System.Diagnostics;
using Berth.EndToEnd.Harness;
using Berth.Testing;
using Npgsql;

namespace Berth.EndToEnd.Databases;

/// <summary>What pulls and pushes ask of PostgreSQL, as it counts it itself (<c>pg_stat_statements</c>).</summary>
public sealed class RequestCostTests(PostgresNode fixture) : EndToEndTest<PostgresNode>(fixture)
{
    private const int Pulls = 100;

    // Of a server with nothing to do: twice a second the ledger and usage, every other second a registry's row, now and then a log's batch.
    private const int BackgroundInSecond = 40;

    private const string Statements = """
        SELECT query, calls FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = $1) AND query LIKE '%' || $2 || '%'
        """;

    /// <inheritdoc/>
    public override ValueTask InitializeAsync()
    {
        if (PostgresServer.Lacking is { } lacking) Tool.Lacking(lacking);
        return base.InitializeAsync();
    }

    [Theory]
    [InlineData("manifests/latest", "GET", 200)]
    [InlineData("manifests/latest", "HEAD", 200)]
    [InlineData("manifests/{manifest}", "GET", 200)]
    [InlineData("blobs/{layer}", "GET", 200)]
    [InlineData("blobs/{layer}", "HEAD", 200)]
    public async Task A_pull_is_one_statement_which_also_says_whether_the_caller_may_still_have_it(string path, string method, int status)
    {
        var layer = await Client.PushAsync(Repo, BlobContent.Layer(2_000));
        var manifest = ManifestContent.Image(await Client.PushAsync(Repo, BlobContent.Config()), [layer]);
        await Client.PushAsync(Repo, manifest, "latest");
        var target = $"/v2/{Repo}/{path.Replace("{manifest}", manifest.Digest, StringComparison.Ordinal).Replace("{layer}", layer.Digest, StringComparison.Ordinal)}";
        for (var i = 0; i < 20; i++) (await Client.SendAsync(method, target)).Expect(status);
        await RunAsync("SELECT pg_stat_statements_reset()");
        var clock = Stopwatch.StartNew();

        for (var i = 0; i < Pulls; i++) (await Client.SendAsync(method, target)).Expect(status);

        Assert.Equal(Pulls, await CountAsync("FROM repositories r"));
        Assert.Equal(0, await CountAsync("FROM principals WHERE"));
        Assert.InRange(await CountAsync(""), Pulls, Pulls + (BackgroundInSecond * (1 + (long)clock.Elapsed.TotalSeconds)));
    }

    [Fact]
    public async Task A_push_of_a_small_blob_is_sixteen_statements_in_two_transactions_and_one_that_stands_alone()
    {
        for (var i = 0; i < 20; i++) await PushAsync();
        await RunAsync("SELECT pg_stat_statements_reset()");
        var clock = Stopwatch.StartNew();

        for (var i = 0; i < Pulls; i++) await PushAsync();

        var background = BackgroundInSecond * (1 + (long)clock.Elapsed.TotalSeconds);
        Assert.Equal(Pulls, await CountAsync("LEFT JOIN blobs b"));
        Assert.Equal(Pulls, await CountAsync("UPDATE uploads SET epoch = epoch"));
        Assert.InRange(await CountAsync("INSERT INTO usage_deltas"), Pulls, Pulls + 1);
        Assert.InRange(await CountAsync("BEGIN ISOLATION LEVEL SERIALIZABLE"), 2 * Pulls, (2 * Pulls) + background);
        Assert.InRange(await CountAsync(""), 16 * Pulls, (16 * Pulls) + background);

        async Task PushAsync()
        {
            var content = BlobContent.Layer(4_000);
            var opened = (await Client.SendAsync("POST", $"/v2/{Repo}/blobs/uploads/")).Expect(202);
            (await Client.SendAsync("PUT", $"{opened.Header("Location")}?digest={content.Digest}", content.Bytes, ("Content-Type", "application/octet-stream"))).Expect(201);
        }
    }

    private async Task<long> CountAsync(string part)
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(Statements, connection) { Parameters = { new() { Value = Fixture.Database }, new() { Value = part } } };
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var count = 0L;
        while (await reader.ReadAsync(TestContext.Current.CancellationToken)) count += reader.GetInt64(1);
        return count;
    }

    private async Task RunAsync(string text)
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(text, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(Fixture.Postgres.ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        return connection;
    }
}

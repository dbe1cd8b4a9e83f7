using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
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

    // What one of its jobs asks when its time comes within the second, beside that.
    private const int OfOneJob = 30;

    // What finds the row of a manifest or a blob, and reads a manifest's bytes.
    private const string OfContent = "FROM repositories r\nJOIN ";

    private const string AcrPull = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
    private const string PersonsPassword = "A person's passw0rd";

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
        var target = await PushAsync(path);
        for (var i = 0; i < 20; i++) (await Client.SendAsync(method, target)).Expect(status);
        await RecountAsync();
        var clock = Stopwatch.StartNew();

        for (var i = 0; i < Pulls; i++) (await Client.SendAsync(method, target)).Expect(status);

        Assert.Equal(Pulls, await CountAsync(OfContent));
        Assert.Equal(0, await CountAsync("FROM principals WHERE"));
        Assert.InRange(await CountAsync(""), Pulls, Pulls + OfOneJob + (BackgroundInSecond * (1 + (long)clock.Elapsed.TotalSeconds)));
    }

    [Fact]
    public async Task A_push_of_a_small_blob_is_two_look_ups_and_one_change()
    {
        for (var i = 0; i < 20; i++) await PushAsync();
        await RecountAsync();
        var clock = Stopwatch.StartNew();
        var before = await MessagesAsync();

        for (var i = 0; i < Pulls; i++) await PushAsync();

        var messages = await MessagesAsync() - before;
        var background = OfOneJob + (BackgroundInSecond * (1 + (long)clock.Elapsed.TotalSeconds));
        // Locations are reserved 64 at a time, in a change of two messages.
        const int Reserving = 3;
        Assert.InRange(await CountAsync("LEFT JOIN blobs b"), Pulls, Pulls + 1);
        // One a minute says that the repository is being pushed to.
        Assert.InRange(await CountAsync("INSERT INTO uploads"), 0, 2);
        Assert.Equal(0, await CountAsync("UPDATE uploads"));
        Assert.InRange(await CountAsync("INSERT INTO usage_deltas"), Pulls, Pulls + 1);
        Assert.InRange(await CountAsync("INSERT INTO discarded_locations"), 64, 64 * Reserving);
        Assert.InRange(await CountAsync("BEGIN ISOLATION LEVEL SERIALIZABLE"), Pulls + 1, Pulls + Reserving + background);
        Assert.InRange(messages, 4 * Pulls, (4 * Pulls) + (2 * Reserving) + background);
        Assert.InRange(await CountAsync(""), 10 * Pulls, (10 * Pulls) + (66 * Reserving) + background);

        async Task PushAsync()
        {
            var content = BlobContent.Layer(4_000);
            var opened = (await Client.SendAsync("POST", $"/v2/{Repo}/blobs/uploads/")).Expect(202);
            (await Client.SendAsync("PUT", $"{opened.Header("Location")}?digest={content.Digest}", content.Bytes, ("Content-Type", "application/octet-stream"))).Expect(201);
        }

        async Task<long> MessagesAsync()
        {
            const string Name = "berth_metadata_round_trips_total";
            var metrics = (await Client.GetAsync("/metrics")).Expect(200).Text;
            return metrics.Split('\n').Where(line => line.StartsWith(Name, StringComparison.Ordinal)).Sum(line => long.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
        }
    }

    [Theory]
    [InlineData("manifests/latest")]
    [InlineData("blobs/{layer}")]
    public async Task For_who_may_not_pull_nothing_of_the_content_is_read(string path)
    {
        var target = await PushAsync(path);
        using var control = await ControlAsync();
        var name = $"{Content.Name()}@example.test";
        await control.MakePersonAsync(name, PersonsPassword);
        var person = new RegistryEndpoint(Fixture.Endpoint.Address, name, PersonsPassword);
        foreach (var (what, credential, status) in ((string, string, int)[])
        [
            ("a token for another repository", await Fixture.Endpoint.AuthorizeForAsync($"repository:{Repo}-other:pull,push"), 401),
            ("a token for pushes alone", await Fixture.Endpoint.AuthorizeForAsync($"repository:{Repo}:push"), 401),
            ("a token of somebody without rights", await person.AuthorizeForAsync($"repository:{Repo}:pull"), 401),
            ("the password of somebody without rights", person.PasswordHeader, 403),
        ])
        {
            using var client = new RegistryClient(Fixture.Endpoint, credential);
            await RecountAsync();

            for (var i = 0; i < 10; i++) (await client.GetAsync(target)).Expect(status);

            Assert.Equal((what, 0), (what, await CountAsync(OfContent)));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_right_that_was_taken_makes_nothing_be_read_beyond_the_request_that_finds_it_gone(bool byToken)
    {
        var target = await PushAsync("manifests/latest");
        using var control = await ControlAsync();
        var name = $"{Content.Name()}@example.test";
        var assignment = await control.AssignAsync(control.Scope(), AcrPull, await control.MakePersonAsync(name, PersonsPassword), "User");
        var person = new RegistryEndpoint(Fixture.Endpoint.Address, name, PersonsPassword);
        using var client = new RegistryClient(Fixture.Endpoint, byToken ? await person.AuthorizeForAsync($"repository:{Repo}:pull") : person.PasswordHeader);
        for (var i = 0; i < 2; i++) (await client.GetAsync(target)).Expect(200);
        await RecountAsync();
        for (var i = 0; i < 10; i++) (await client.GetAsync(target)).Expect(200);
        Assert.Equal((10, 0), (await CountAsync(OfContent), await CountAsync("FROM principals WHERE")));

        await control.ArmAsync("DELETE", ControlClient.Text(assignment, "id"));
        for (var i = 0; i < 10; i++) (await client.GetAsync(target)).Expect(byToken ? 401 : 403);

        Assert.InRange(await CountAsync(OfContent), 10, 11);
    }

    [Theory]
    [InlineData("manifests/latest", false)]
    [InlineData("manifests/latest", true)]
    [InlineData("blobs/{layer}", false)]
    public async Task A_pull_that_anybody_may_make_is_one_statement_until_nobody_may(string path, bool byToken)
    {
        Assert.SkipWhen(TestRun.UsesPassword, "This is about tokens, too.");
        var target = await PushAsync(path);
        await OpenAsync(true);
        using var client = new RegistryClient(Fixture.Endpoint, byToken ? await AnybodysTokenAsync() : null);
        for (var i = 0; i < 2; i++) (await client.GetAsync(target)).Expect(200);
        await RecountAsync();
        for (var i = 0; i < 10; i++) (await client.GetAsync(target)).Expect(200);
        Assert.Equal((10, 0), (await CountAsync(OfContent), await CountAsync("p.anonymous_pull")));

        await OpenAsync(false);
        await RecountAsync();
        for (var i = 0; i < 10; i++) (await client.GetAsync(target)).Expect(401);

        Assert.InRange(await CountAsync(OfContent), 0, 1);
    }

    private async Task OpenAsync(bool isOpen) => (await Client.SendAsync(
        "PATCH", $"/acr/v1/{Repo}", Encoding.UTF8.GetBytes($$"""{"anonymousPullEnabled":{{(isOpen ? "true" : "false")}}}"""), ("Content-Type", "application/json"))).Expect(200);

    private async Task<string> AnybodysTokenAsync()
    {
        using var client = new RegistryClient(Fixture.Endpoint, null);
        var answer = (await client.GetAsync($"/oauth2/token?scope=repository:{Repo}:pull")).Expect(200);
        return $"Bearer {JsonSerializer.Deserialize<JsonElement>(answer.Body).GetProperty("access_token").GetString()}";
    }

    private Task<ControlClient> ControlAsync()
    {
        Assert.SkipWhen(TestRun.UsesPassword, "This is about tokens, too.");
        return ControlClient.SignInAsync(Fixture.Endpoint.Address, Fixture.Endpoint.User, Fixture.Endpoint.Password);
    }

    // The target that a path means in a repository that has been pushed to.
    private async Task<string> PushAsync(string path)
    {
        var layer = await Client.PushAsync(Repo, BlobContent.Layer(2_000));
        var manifest = ManifestContent.Image(await Client.PushAsync(Repo, BlobContent.Config()), [layer]);
        await Client.PushAsync(Repo, manifest, "latest");
        return $"/v2/{Repo}/{path.Replace("{manifest}", manifest.Digest, StringComparison.Ordinal).Replace("{layer}", layer.Digest, StringComparison.Ordinal)}";
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

    private async Task RecountAsync()
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand("SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = $1", connection) { Parameters = { new() { Value = Fixture.Database } } };
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(Fixture.Postgres.ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        return connection;
    }
}

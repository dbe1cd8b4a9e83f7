using System.Diagnostics;
using Berth.EndToEnd.Faults.Crash;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Nodes;

/// <summary>
/// A node whose connections to the database and the object store are delayed, cut, half-closed and silenced while clients push, pull, delete and get tokens: nothing that was acknowledged is
/// lost, nothing is answered wrong, and the node recovers by itself.
/// </summary>
public sealed class NodeFaultTests(ProxiedNode fixture) : EndToEndTest<ProxiedNode>(fixture)
{
    private const int Workers = 5;
    private const int RoundsOfSeries = 10;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(10);

    private static readonly ProxyAction[] Faults =
        [ProxyAction.Cut, ProxyAction.PassHalfAndCut, ProxyAction.PassAndCutAnswer, ProxyAction.PassHalfAndClose, ProxyAction.Delay];

    /// <inheritdoc/>
    public override ValueTask InitializeAsync()
    {
        SharedStoresActions.Require();
        return base.InitializeAsync();
    }

    [Fact]
    public async Task Faults_on_the_way_to_both_stores_lose_nothing_that_was_acknowledged_and_answer_nothing_wrong()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var random = new Random(seed);
        var refusals = new Refusals(connectionsMayBreak: false);
        var upload = new ResumedUpload(Client, Repo, seed, refusals);
        var series = new List<CrashSeries>();
        var rounds = TestRun.IsLong ? 60 : 4;
        for (var round = 0; round < rounds; round++)
        {
            if (round % RoundsOfSeries == 0) series.Add(new CrashSeries(Client, $"{Repo}/s{series.Count}"));
            await LoadAsync(series[^1], upload, refusals, round, random);
            await series[^1].CheckAsync(all: false, $"round {round}, seed {seed}");
            await upload.CheckAsync();
        }

        foreach (var each in series) await each.CheckAsync(all: true, $"at the end, seed {seed}");
        await upload.CompleteAsync();
        TestContext.Current.SendDiagnosticMessage($"{series.Sum(s => s.Acknowledged)} changes acknowledged, {refusals.Count} refused, {upload.Finished} uploads, resumed {upload.Resumed} times");
        Assert.True(series.Sum(s => s.Acknowledged) > rounds * 10, $"only {series.Sum(s => s.Acknowledged)} changes were acknowledged");
        Assert.NotEqual(0, refusals.Count);
        Assert.Equal(0, await Fixture.Server.StopAsync(TimeSpan.FromSeconds(40)));
        try
        {
            (await Tool.RunAsync(BuiltProgram.Server!, ["storage", "verify", "--data", Fixture.Server.Data], Fixture.Folder, Fixture.DirectSettings)).Succeeded();
        }
        finally
        {
            await Fixture.Server.StartAsync(TimeSpan.FromSeconds(60));
        }
    }

    [Fact]
    public async Task Metrics_are_read_while_the_database_is_away_and_say_so_also_from_elsewhere_by_a_credential_that_was_good()
    {
        var endpoint = Fixture.Server.Endpoint;
        Assert.Equal(200, (await MetricsAsync(endpoint.Password)).Status);
        Assert.Equal(401, (await MetricsAsync("another")).Status);

        var (_, before) = await MetricsAsync(null);
        Fixture.Database.IsSilent = true;
        await EventuallyAsync(async () => (await Client.GetAsync("/healthz/ready")).Status == 503);
        await EventuallyAsync(async () => FailuresIn((await MetricsAsync(endpoint.Password)).Text) > FailuresIn(before));
        var (_, meanwhile) = await MetricsAsync(null);
        await EventuallyAsync(async () => FailuresIn((await MetricsAsync(null)).Text) > FailuresIn(meanwhile));
        Assert.Equal(503, (await MetricsAsync("another")).Status);

        Fixture.Mend();
        await EventuallyAsync(async () => (await Client.GetAsync("/healthz/ready")).Status == 200);
        Assert.Equal(401, (await MetricsAsync("another")).Status);

        // With a password as from another machine, without as from this one.
        async Task<(int Status, string Text)> MetricsAsync(string? password)
        {
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(endpoint.Address, "/metrics"));
            if (password is not null)
            {
                request.Headers.TryAddWithoutValidation("X-Forwarded-For", "203.0.113.9");
                request.Headers.TryAddWithoutValidation("Authorization", new RegistryEndpoint(endpoint.Address, endpoint.User, password).PasswordHeader);
            }

            using var answer = await http.SendAsync(request);
            return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }

        static double FailuresIn(string metrics) => double.Parse(
            metrics.Split('\n').Single(line => line.StartsWith("berth_metadata_connection_failures_total ", StringComparison.Ordinal)).Split(' ')[1],
            System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task A_node_cut_from_its_database_answers_503_within_two_seconds_whatever_is_asked_and_serves_again_by_itself()
    {
        var image = await Client.PushImageAsync(Repo, "latest");
        var layer = await Client.PushAsync(Repo, BlobContent.Layer(5_000));
        var session = await Client.StartUploadAsync(Repo);
        var other = await Client.StartUploadAsync(Repo);
        (string Method, string Target, byte[]? Body)[] requests =
        [
            ("GET", $"/v2/{Repo}/manifests/latest", null), ("HEAD", $"/v2/{Repo}/manifests/{image.Digest}", null),
            ("GET", $"/v2/{Repo}/blobs/{layer.Digest}", null), ("HEAD", $"/v2/{Repo}/blobs/{layer.Digest}", null),
            ("GET", $"/v2/{Repo}/tags/list", null), ("GET", "/v2/_catalog", null), ("GET", $"/v2/{Repo}/referrers/{image.Digest}", null),
            ("POST", $"/v2/{Repo}/blobs/uploads/", []), ("GET", session, null), ("PATCH", session, Content.Random(1_000)), ("DELETE", other, null),
            ("POST", $"/v2/{Repo}/blobs/uploads/?mount={layer.Digest}&from={Repo}", []), ("DELETE", $"/v2/{Repo}/manifests/{image.Digest}", null),
            ("PUT", $"/v2/{Repo}/manifests/again", image.Bytes), ("GET", $"/acr/v1/{Repo}/_tags", null),
        ];

        // Tokens first: whoever has one goes on with it. Without one, it is got.
        foreach (var (method, target, _) in requests) await Client.Endpoint.AuthorizeAsync(method, target);
        Fixture.Database.IsSilent = true;
        var slowest = TimeSpan.Zero;
        await Task.WhenAll(requests.Select(request => AskAsync(request.Method, request.Target, request.Body)).Append(SignInAsync()));
        TestContext.Current.SendDiagnosticMessage($"the slowest of {requests.Length + 1} answers came after {slowest.TotalMilliseconds:0} ms");

        // Those that come later find it known.
        await Task.WhenAll(requests.Select(request => AskAsync(request.Method, request.Target, request.Body)).Append(SignInAsync()));
        var clock = Stopwatch.StartNew();
        (await Client.GetAsync("/healthz/ready")).Expect(503);
        Assert.True(clock.Elapsed < Limit, $"It took {clock.Elapsed} to say that the node is not ready.");
        (await Client.GetAsync("/healthz/live")).Expect(200);

        Fixture.Database.IsSilent = false;
        await RecoverAsync();
        (await Client.GetManifestAsync(Repo, "latest")).Expect(200).ExpectBody(image.Bytes);
        (await Client.GetAsync($"/v2/{Repo}/blobs/{layer.Digest}")).Expect(200).ExpectBody(layer.Bytes);

        async Task AskAsync(string method, string target, byte[]? body)
        {
            var type = target.Contains("/manifests/", StringComparison.Ordinal) && body is not null ? image.MediaType : "application/octet-stream";
            var asked = Stopwatch.StartNew();
            var reply = await Client.SendAsync(method, target, body, ("Content-Type", type), ("Accept", Types.AllManifests));
            Note(asked.Elapsed, $"{method} {target}");
            Assert.True(reply.Expect(503).Header("Retry-After") is not null, reply.ToString());
        }

        async Task SignInAsync()
        {
            var asked = Stopwatch.StartNew();
            var stranger = new RegistryEndpoint(Client.Endpoint.Address, Client.Endpoint.User, Client.Endpoint.Password);
            var refused = await Assert.ThrowsAsync<UnavailableException>(() => stranger.AuthorizeForAsync($"repository:{Repo}:pull"));
            Note(asked.Elapsed, "a token");
            Assert.True(refused.SaysWhen, refused.Message);
        }

        void Note(TimeSpan took, string what)
        {
            Assert.True(took < Limit, $"{what} took {took}.");
            if (took > slowest) slowest = took;
        }
    }

    [Fact]
    public async Task A_push_whose_COMMIT_was_done_and_not_answered_is_refused_and_done_again_without_harm()
    {
        var image = ManifestContent.Image(await Client.PushAsync(Repo, BlobContent.Config()), [await Client.PushAsync(Repo, BlobContent.Layer())]);
        await Client.PushImageAsync(Repo, "other");
        foreach (var fault in (ProxyAction[])[ProxyAction.Cut, ProxyAction.PassAndCutAnswer])
        {
            // Each commit: whoever numbers the ledger meanwhile is cut, too.
            Fixture.Database.DecideForEach = PostgresCommits.Decide(() => fault);
            Fixture.Database.CutAll();
            Assert.NotNull((await Client.PutManifestAsync(Repo, image, "latest")).Expect(503).Header("Retry-After"));
            Fixture.Mend();
            await RecoverAsync();
            (await Client.GetManifestAsync(Repo, "latest")).Expect(fault == ProxyAction.Cut ? 404 : 200);
        }

        (await Client.PutManifestAsync(Repo, image, "latest")).Expect(201);
        Assert.Equal(image.Digest, await ServedDigestAsync(Repo, "latest"));
    }

    private async Task LoadAsync(CrashSeries series, ResumedUpload upload, Refusals refusals, int round, Random random)
    {
        using var over = new CancellationTokenSource();
        var seeds = Enumerable.Range(0, Workers).Select(_ => random.Next()).ToList();
        var work = seeds.Select((seed, i) => series.WorkAsync($"w{i}", seed, over.Token, refusals)).Append(upload.RunAsync(over.Token)).ToList();
        await Task.WhenAny([Task.Delay(300), .. work]);
        if (round % 4 is 0 or 2) Fixture.Database.DecideForEach = PostgresCommits.Decide(() => Any(8), () => Any(150));
        if (round % 4 is 1 or 2) Fixture.Objects.Decide = _ => Any(120) is var fault && fault == ProxyAction.PassHalfAndClose ? ProxyAction.Cut : fault;
        Fixture.Database.CutAll();
        var pause = Task.Delay(TimeSpan.FromSeconds(2 + random.NextDouble()), TestContext.Current.CancellationToken);
        if (round % 4 is 3)
        {
            // Silent twice: once with connections that go on afterwards, once with some that are lost.
            for (var i = 0; i < 2; i++)
            {
                Fixture.Database.IsSilent = true;
                await Task.WhenAny([Task.Delay(2_500), .. work]);
                if (i == 1) Fixture.Database.CutAll();
                Fixture.Database.IsSilent = false;
                await Task.WhenAny([Task.Delay(1_000), .. work]);
            }
        }

        await Task.WhenAny([pause, .. work]);
        Fixture.Mend();
        await over.CancelAsync();
        await Task.WhenAll(work);
        await RecoverAsync();
    }

    // Of any thread: the proxies' connections ask.
    private static ProxyAction Any(int one) => Random.Shared.Next(one) == 0 ? Faults[Random.Shared.Next(Faults.Length)] : ProxyAction.Pass;

    private async Task RecoverAsync()
    {
        var clock = Stopwatch.StartNew();
        while ((await Client.GetAsync("/healthz/ready")).Status != 200)
        {
            Assert.True(clock.Elapsed < Recovery, "The node does not recover.");
            await Task.Delay(50);
        }
    }

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        var clock = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(clock.Elapsed < 2 * Recovery, "It does not come to hold.");
            await Task.Delay(100);
        }
    }
}

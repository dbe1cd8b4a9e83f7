using System.Net;
using System.Reflection;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Events;
using Berth.Registry.Jobs;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Jobs;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Events;

public sealed class DiagnosticLogTests : IAsyncLifetime
{
    private static readonly string[] Common =
    [
        "TimeGenerated", "Category", "OperationName", "ResultType", "ResultDescription", "CorrelationId", "LoginServer", "Region", "Identity", "CallerIpAddress", "DurationMs", "UserTenantId",
        "Count", "LedgerPosition", "_SubscriptionId", "_ResourceId", "Type",
    ];

    private RegistryHost _host = null!;
    private DiagnosticLog _log = null!;

    private List<JsonElement> Lines => ((KeptLines)_host.Services.GetRequiredService<IDiagnosticSink>()).Lines;

    public async ValueTask InitializeAsync()
    {
        _host = await RegistryHost.StartAsync(options: new RegistryOptions { Diagnostics = new DiagnosticsOptions { LoginEvents = true, RepositoryEvents = true } });
        _log = _host.Services.GetRequiredService<DiagnosticLog>();
        await _log.WriteAsync(CancellationToken.None); // from now on

        // Where nodes share the rows, others may write them; this one, too, takes the job again when it is to write.
        await _host.Services.GetRequiredService<SharedJobs>().StopAsync(CancellationToken.None);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_push_a_pull_an_untagging_and_a_deletion_are_a_line_each_with_azures_columns()
    {
        await PushAsync("v1");
        using (var pull = new HttpRequestMessage(HttpMethod.Get, "/v2/team/app/manifests/v1"))
        {
            pull.Headers.TryAddWithoutValidation("User-Agent", "docker/28 (a \"quoted\" name)");
            using var answer = await _host.Client.SendAsync(pull);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        await _host.Client.DeleteAsync(new Uri("/v2/team/app/manifests/v1", UriKind.Relative));
        await _host.Client.DeleteAsync(new Uri($"/v2/team/app/manifests/{Index().Digest}", UriKind.Relative));
        await _log.WriteAsync(CancellationToken.None);

        var lines = Lines.Where(line => Text(line, "Category") == DiagnosticColumns.RepositoryEvents).ToList();
        Assert.Equal(["Delete", "Pull", "Push", "Untag"], lines.Select(line => Text(line, "OperationName")!).Order());
        Assert.All(lines, line => Assert.Equal(
            Common.Concat(["UserAgent", "Repository", "Tag", "Digest", "MediaType", "ArtifactType", "Size"]).Order(), line.EnumerateObject().Select(column => column.Name).Order()));
        Assert.All(lines, line => Assert.Equal(
            ("team/app", "owner", "local.berth.localhost", "HttpStatusCode", "127.0.0.1", Index().Digest.ToString()),
            (Text(line, "Repository"), Text(line, "Identity"), Text(line, "LoginServer"), Text(line, "ResultType"), Text(line, "CallerIpAddress"), Text(line, "Digest"))));

        var pulled = Assert.Single(lines, line => Text(line, "OperationName") == "Pull");
        Assert.Equal(("200", "v1", MediaTypes.OciIndex, Index().Body.Length), (Text(pulled, "ResultDescription"), Text(pulled, "Tag"), Text(pulled, "MediaType"), pulled.GetProperty("Size").GetInt32()));
        Assert.Equal(JsonValueKind.Number, pulled.GetProperty("DurationMs").ValueKind);
        Assert.DoesNotContain(Text(pulled, "UserAgent")!, char.IsControl);
        var pushed = Assert.Single(lines, line => Text(line, "OperationName") == "Push");
        Assert.Equal(("201", "v1", 1), (Text(pushed, "ResultDescription"), Text(pushed, "Tag"), pushed.GetProperty("Count").GetInt32()));
        Assert.StartsWith("1-", Text(pushed, "LedgerPosition"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_push_that_starts_quarantined_is_one_line_with_its_tag()
    {
        var registry = await _host.Metadata.FindRegistryAsync("local", CancellationToken.None);
        await _host.Metadata.UpdateRegistryAsync(registry!.Id, new RegistryChanges { QuarantinesPushes = true }, Caller.System, CancellationToken.None);
        await PushAsync("v1");
        Assert.Contains(await _host.Metadata.ReadLedgerAsync(0, 1000, CancellationToken.None), record => record.Kind == LedgerKinds.ManifestQuarantined);

        await _log.WriteAsync(CancellationToken.None);

        Assert.Equal("v1", Text(Assert.Single(Lines, line => Text(line, "OperationName") == "Push"), "Tag"));
    }

    [Fact]
    public async Task Pulls_that_look_alike_share_a_line_and_failures_have_one_of_their_own()
    {
        await PushAsync("v1");
        for (var i = 0; i < 3; i++) await _host.Client.GetAsync(new Uri("/v2/team/app/manifests/v1", UriKind.Relative));
        await _host.Client.GetAsync(new Uri("/v2/team/app/manifests/absent", UriKind.Relative));
        using (var bob = await _host.SignedInAsync("bob"))
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await bob.GetAsync(new Uri("/v2/team/app/manifests/v1", UriKind.Relative))).StatusCode);
        }

        await _log.WriteAsync(CancellationToken.None);
        var pulls = Lines.Where(line => Text(line, "OperationName") == "Pull").Select(line => (Text(line, "ResultDescription"), Text(line, "Identity"), line.GetProperty("Count").GetInt32())).Order();
        Assert.Equal([("200", "owner", 3), ("403", "bob", 1), ("404", "owner", 1)], pulls);
    }

    [Fact]
    public async Task A_sign_in_and_one_that_was_refused_are_lines_without_a_secret()
    {
        using (var wrong = _host.ClientOf("owner", "not-the-password")) await wrong.GetAsync(new Uri("/v2/", UriKind.Relative));
        using (var right = _host.ClientOf("owner", RegistryHost.Password)) await right.GetAsync(new Uri("/v2/", UriKind.Relative));
        await _log.WriteAsync(CancellationToken.None);
        var logins = Lines.Where(line => Text(line, "Category") == DiagnosticColumns.LoginEvents).ToList();
        Assert.Equal([("200", "owner"), ("401", "owner")], logins.Select(line => (Text(line, "ResultDescription"), Text(line, "Identity"))).Order());
        Assert.All(logins, line => Assert.Equal(Common.Append("JwtId").Order(), line.EnumerateObject().Select(column => column.Name).Order()));
        Assert.DoesNotContain("not-the-password", string.Concat(Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_crash_left_between_the_line_and_the_cursor_is_not_written_again()
    {
        await PushAsync("v1");
        await _log.WriteAsync(CancellationToken.None);
        var before = Lines.Count;
        await _host.TamperAsync("UPDATE ledger_readers SET number = 0 WHERE name = 'diagnostics'");
        await PushAsync("v2");
        using var next = ActivatorUtilities.CreateInstance<DiagnosticLog>(_host.Services);
        await next.WriteAsync(CancellationToken.None);
        Assert.Equal(["v2"], Lines.Skip(before).Where(line => Text(line, "OperationName") == "Push").Select(line => Text(line, "Tag")!));
    }

    [Fact]
    public async Task What_could_not_be_written_is_written_later_and_once()
    {
        var sink = (KeptLines)_host.Services.GetRequiredService<IDiagnosticSink>();
        sink.IsFull = true;
        await PushAsync("v1");
        await _host.Client.GetAsync(new Uri("/v2/team/app/manifests/v1", UriKind.Relative));
        for (var i = 0; i < 3; i++) await Assert.ThrowsAsync<IOException>(() => _log.WriteAsync(CancellationToken.None));
        sink.IsFull = false;
        await _log.WriteAsync(CancellationToken.None);
        await _log.WriteAsync(CancellationToken.None);
        Assert.Equal(["Pull", "Push"], Lines.Where(line => Text(line, "Category") == DiagnosticColumns.RepositoryEvents).Select(line => Text(line, "OperationName")!).Order());
    }

    [Fact]
    public async Task Of_two_nodes_one_writes_what_changed_and_the_other_goes_on_where_it_ended()
    {
        var (one, two) = (NewNode(), NewNode());
        await WriteAsync();
        await PushAsync("v1");
        await WriteAsync();
        await PushAsync("v2");
        await WriteAsync();
        Assert.Equal(["v1", "v2"], one.Pushes);
        Assert.Empty(two.Pushes);

        await one.Jobs.StopAsync(CancellationToken.None);
        await PushAsync("v3");
        await two.Log.WriteAsync(CancellationToken.None);
        await PushAsync("v4");
        await WriteAsync();
        Assert.Equal(["v1", "v2"], one.Pushes);
        Assert.Equal(["v3", "v4"], two.Pushes);

        async Task WriteAsync()
        {
            await one.Log.WriteAsync(CancellationToken.None);
            await two.Log.WriteAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task What_a_node_wrote_as_it_was_killed_is_written_by_the_next_one_after_its_lease()
    {
        var (killed, next) = (NewNode(), NewNode());
        await killed.Log.WriteAsync(CancellationToken.None);
        await PushAsync("v1");

        // Written, and then nothing more.
        killed.Sink.EndsAfterWriting = true;
        await Assert.ThrowsAsync<IOException>(() => killed.Log.WriteAsync(CancellationToken.None));
        await PushAsync("v2");
        await next.Log.WriteAsync(CancellationToken.None);
        Assert.Equal(["v1"], killed.Pushes);
        Assert.Empty(next.Pushes);

        _host.Time.Advance(SharedJobs.LeaseTime);
        await next.Log.WriteAsync(CancellationToken.None);
        Assert.Equal(["v1"], killed.Pushes);
        Assert.Equal(["v1", "v2"], next.Pushes);
    }

    [Fact]
    public async Task A_node_that_does_not_write_them_forgets_the_reader_only_where_no_other_reads()
    {
        var writing = NewNode();
        await writing.Log.WriteAsync(CancellationToken.None);
        using var silent = ActivatorUtilities.CreateInstance<DiagnosticLog>(_host.Services, new DiagnosticsOptions(), ManyProcesses.NewNode(_host));
        await silent.StartAsync(CancellationToken.None);
        await silent.ExecuteTask!;
        Assert.Contains(await _host.Metadata.ListLedgerReadersAsync(CancellationToken.None), reader => reader.Name == DiagnosticLog.ReaderName);

        await writing.Jobs.StopAsync(CancellationToken.None);
        using var last = ActivatorUtilities.CreateInstance<DiagnosticLog>(_host.Services, new DiagnosticsOptions(), ManyProcesses.NewNode(_host));
        await last.StartAsync(CancellationToken.None);
        await last.ExecuteTask!;
        Assert.DoesNotContain(await _host.Metadata.ListLedgerReadersAsync(CancellationToken.None), reader => reader.Name == DiagnosticLog.ReaderName);
    }

    [Fact]
    public async Task A_flood_of_different_names_is_bounded_in_memory()
    {
        var events = _host.Services.GetRequiredService<DiagnosticEvents>();
        for (var i = 0; i < 20_000; i++) events.SignedIn(1, $"invented-{i}", "192.0.2.1", 401, null);
        Assert.InRange(events.Take().Count, 1_000, 5_000);
    }

    [Fact]
    public async Task A_database_that_goes_away_in_the_middle_of_a_round_costs_no_event()
    {
        var events = _host.Services.GetRequiredService<DiagnosticEvents>();
        var local = (await _host.Metadata.FindRegistryAsync("local", CancellationToken.None))!.Id;
        var registries = DispatchProxy.Create<IRegistries, LeavingRegistries>();
        var leaving = (LeavingRegistries)(object)registries;
        leaving.Inner = _host.Metadata;
        var sink = new KeptLines();
        using var log = ActivatorUtilities.CreateInstance<DiagnosticLog>(_host.Services, registries, sink);

        // One registry's events become lines, and then nothing is to be had of the other one.
        leaving.Answers = 1;
        for (var i = 0; i < 5; i++) events.SignedIn(local, $"local-{i}", "192.0.2.1", 200, null);
        for (var i = 0; i < 5; i++) events.SignedIn(local + 1000, $"gone-{i}", "192.0.2.1", 401, null);
        await Assert.ThrowsAsync<MetadataUnavailableException>(() => log.WriteAsync(CancellationToken.None));
        events.SignedIn(local, "later", "192.0.2.1", 200, null);

        leaving.Answers = int.MaxValue;
        await log.WriteAsync(CancellationToken.None);
        Assert.Equal(
            [.. Enumerable.Range(0, 5).Select(i => $"gone-{i}"), "later", .. Enumerable.Range(0, 5).Select(i => $"local-{i}")],
            sink.Lines.Where(line => Text(line, "Category") == DiagnosticColumns.LoginEvents).Select(line => Text(line, "Identity")!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_registry_that_is_not_named_has_no_lines()
    {
        await using var host = await RegistryHost.StartAsync(options: new RegistryOptions { Diagnostics = new DiagnosticsOptions { RepositoryEvents = true, Registries = ["other"] } });
        var log = host.Services.GetRequiredService<DiagnosticLog>();
        await log.WriteAsync(CancellationToken.None);
        await host.Client.PutManifestAsync("team/app", "v1", Index().Body, MediaTypes.OciIndex);
        await log.WriteAsync(CancellationToken.None);
        Assert.Empty(((KeptLines)host.Services.GetRequiredService<IDiagnosticSink>()).Lines);
    }

    private OtherNode NewNode()
    {
        var (jobs, sink) = (ManyProcesses.NewNode(_host), new KeptLines());
        return new OtherNode(ActivatorUtilities.CreateInstance<DiagnosticLog>(_host.Services, jobs, sink), jobs, sink);
    }

    private async Task PushAsync(string tag) => await _host.Client.PutManifestAsync("team/app", tag, Index().Body, MediaTypes.OciIndex);

    private static (byte[] Body, Digest Digest) Index()
    {
        var body = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"""u8.ToArray();
        return (body, Digest.Compute(DigestAlgorithm.Sha256, body));
    }

    private static string? Text(JsonElement line, string column) => line.GetProperty(column).GetString();

    /// <summary>Registries of which a number of questions is answered, and none after that.</summary>
    public class LeavingRegistries : DispatchProxy
    {
        private int _asked;

        public IRegistries Inner { get; set; } = null!;

        public int Answers { get; set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            ++_asked > Answers ? throw new MetadataUnavailableException("The database does not answer.") : targetMethod!.Invoke(Inner, args);
    }

    /// <summary>The log of another process on the same rows.</summary>
    private sealed record OtherNode(DiagnosticLog Log, SharedJobs Jobs, KeptLines Sink)
    {
        public IReadOnlyList<string> Pushes => [.. Sink.Lines.Where(line => Text(line, "OperationName") == "Push").Select(line => Text(line, "Tag")!)];
    }
}

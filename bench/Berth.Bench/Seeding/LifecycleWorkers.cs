using System.Diagnostics;
using Berth.Metadata;
using Berth.Metadata.Postgres;
using Berth.Metadata.Relational;
using Berth.Oci;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Bench.Seeding;

/// <summary>
/// What many nodes do in the background on one database, without the nodes: each numbers the ledger and folds usage twice a second, says that it is there, asks for leases, and takes batches of
/// garbage collection and pages of rules as the jobs do. Real nodes do the last two one at a time; these do not wait for each other.
/// </summary>
internal sealed class LifecycleWorkers : IAsyncDisposable
{
    // Of garbage collection's and rules' own size.
    private const int Reviews = 10;
    private const int BatchesOfRound = 20;
    private const int TagsOfPage = 500;
    private const int RestsAsLongAs = 9;

    private static readonly TimeSpan LedgerRetention = TimeSpan.FromDays(90);
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(15);

    private readonly List<RelationalMetadataStore> _stores = [];
    private readonly CancellationTokenSource _end = new();
    private readonly long _registry;
    private List<Task> _work = [];
    private long _reviewed;
    private long _read;

    private LifecycleWorkers(long registry) => _registry = registry;

    /// <summary>Memberships looked at so far.</summary>
    public long Reviewed => Volatile.Read(ref _reviewed);

    /// <summary>Tags read so far.</summary>
    public long Read => Volatile.Read(ref _read);

    /// <summary>Makes garbage for them and connects them; they do nothing yet.</summary>
    public static async Task<LifecycleWorkers> StartAsync(PostgresOptions options, int nodes, int garbage, CancellationToken cancellationToken)
    {
        await using (var rows = await BerthSeed.OpenAsync(options, cancellationToken)) await rows.AddGarbageAsync("workers/garbage", garbage, cancellationToken);
        LifecycleWorkers? workers = null;
        for (var i = 0; i < nodes; i++)
        {
            var store = await PostgresMetadataStore.OpenAsync(options, new DatabaseTime(TimeProvider.System), NoSteps.Instance, NullLogger<RelationalMetadataStore>.Instance, cancellationToken);
            workers ??= new LifecycleWorkers((await store.FindRegistryAsync("local", cancellationToken) ?? throw new BenchException("the registry 'local' is not there")).Id);
            workers._stores.Add(store);
        }

        return workers ?? throw new BenchException("there are no workers");
    }

    public void Begin() => _work = [.. _stores.SelectMany(store => (Task[])[Task.Run(() => CollectAsync(store)), Task.Run(() => EvaluateAsync(store))])];

    /// <summary>Ends them; an error of theirs is thrown.</summary>
    public async Task EndAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_work);
        _work = [];
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        foreach (var store in _stores) await store.DisposeAsync();
        _end.Dispose();
    }

    private async Task CollectAsync(RelationalMetadataStore store)
    {
        var node = new NodeDescription(Guid.CreateVersion7().ToString("N"), "bench", "bench", false, TimeProvider.System.GetUtcNow());
        while (!_end.IsCancellationRequested)
        {
            await RestAfterAsync(async () =>
            {
                await store.ReportNodeAsync(node, TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(1), CancellationToken.None);
                await store.TakeLeaseAsync("bench-collection", node.Id, TimeSpan.FromSeconds(30), CancellationToken.None);
                await store.ExpireUploadsAsync(IGarbage.LargestBatch, CancellationToken.None);
                await store.ReleaseIdleReservationsAsync(Idle, IGarbage.LargestBatch, CancellationToken.None);
            });
            for (var i = 0; i < BatchesOfRound && !_end.IsCancellationRequested; i++)
                await RestAfterAsync(async () => Interlocked.Add(ref _reviewed, (await store.ReviewMembershipsAsync(Reviews, CancellationToken.None)).Reviewed));
            await RestAfterAsync(() => store.ReviewBlobsAsync(Reviews, CancellationToken.None));
            await RestAfterAsync(async () =>
            {
                var due = await store.ListDiscardedAsync(default, IGarbage.LargestBatch, CancellationToken.None);
                await store.ForgetDiscardedAsync(due.Items, CancellationToken.None);
            });
            await RestAfterAsync(() => store.TidyAsync(LedgerRetention, IGarbage.LargestBatch, CancellationToken.None));
        }
    }

    private async Task EvaluateAsync(RelationalMetadataStore store)
    {
        while (!_end.IsCancellationRequested)
        {
            var repositories = await store.ListEveryRepositoryAsync(_registry, [NameRange.All], null, 200, CancellationToken.None);
            foreach (var repository in repositories.Items)
            {
                if (_end.IsCancellationRequested) return;
                await RestAfterAsync(async () =>
                {
                    var page = await store.ListTagCandidatesAsync(_registry, RepositoryName.Parse(repository), null, TagsOfPage, CancellationToken.None);
                    if (page is null) return;
                    Interlocked.Add(ref _read, page.Items.Count);
                    await store.FindTagKeepersAsync(_registry, page.Items, CancellationToken.None);
                    await store.ReadLastPullsAsync(page.Items, CancellationToken.None);
                });
            }
        }
    }

    // A node that is asked for much works a hundredth of the time; these a tenth.
    private static async Task RestAfterAsync(Func<Task> work)
    {
        var started = Stopwatch.GetTimestamp();
        await work();
        await Task.Delay(Stopwatch.GetElapsedTime(started) * RestsAsLongAs);
    }
}

using Berth.Bench.Load;
using Berth.Bench.Report;
using Berth.Bench.Seeding;
using Berth.Bench.Servers;

namespace Berth.Bench.Figures;

/// <summary>How Berth's operations fare as clients, repositories and tags grow.</summary>
internal sealed class GrowthFigures(Contest contest, string folder, string launcher)
{
    private const int Clients = 8;
    private const string TagRepository = "growth/tags";

    // p50 moves by half on a machine that is not alone; growth with the logarithm of the size is a few per cent.
    private const double Flat = 1.5;

    private readonly List<SmallContent> _manifests = SmallContent.Manifests(16, contest.Config, contest.Layers[0]);

    /// <summary>1 to 64 clients on the registry that all other figures use.</summary>
    public void OfClients()
    {
        contest.Prepare(contest.Berth, "growth/clients", [contest.Config, contest.Layers[0]], _manifests, "t");
        var names = Enumerable.Range(0, _manifests.Count).Select(i => $"t{i}").ToList();
        int[] sizes = [1, 4, 16, 64];

        var reads = sizes.Select(clients => Point(clients, Run(
            contest.Berth, clients, RateFigures.ManifestReads(contest.Berth.Requests, "growth/clients", names, _manifests[0].Bytes.Length))));
        Add(new Growth("clients", "manifest GET by tag", [.. reads], null));
        Add(new Growth("clients", "manifest push", [.. sizes.Select(clients => Point(clients, PushManifests(contest.Berth, clients, "growth/clients")))], null));
        Add(new Growth("clients", "blob push, 4 KiB", [.. sizes.Select(clients => Point(clients, PushBlobs(contest.Berth, clients, "growth/clients")))], null));
    }

    /// <summary>1 to 100 000 repositories.</summary>
    public async Task OfRepositoriesAsync()
    {
        int[] sizes = contest.Options.Quick ? [1, 1_000, 10_000] : [1, 1_000, 100_000];
        using var berth = new BerthServer(launcher, Path.Combine(folder, "many-repositories"));
        var steps = new Steps("repositories in one registry");
        var seeded = 0;
        foreach (var size in sizes)
        {
            await SeedAsync(berth, size, Enumerable.Range(seeded, size - seeded).Select(Preparation.RepositoryName), []);
            seeded = size;
            var some = Some(size).Select(Preparation.RepositoryName).ToList();

            // A page is compared from the size on that fills it.
            if (size > 1)
            {
                steps.Take("catalog, first page of 100", size, Run(berth, Clients, Pages(berth, "/v2/_catalog?n=100")));
                steps.Take("catalog, page of 100 from the middle", size, Run(berth, Clients, Pages(berth, $"/v2/_catalog?n=100&last=team-25/x")));
            }

            steps.Take("manifest GET by tag", size, Run(berth, Clients, new ReadWorkload(
                [.. some.Select(name => berth.Requests.Format("GET", $"/v2/{name}/manifests/latest"))], 200, EmptyIndex.Content.Bytes.Length)));
            Push(steps, berth, size);
        }

        Add(steps);
    }

    /// <summary>1 to 1 000 000 tags, all of them in one repository.</summary>
    public async Task OfTagsAsync()
    {
        int[] sizes = contest.Options.Quick ? [1, 1_000, 100_000] : [1, 1_000, 1_000_000];
        using var berth = new BerthServer(launcher, Path.Combine(folder, "many-tags"));
        var steps = new Steps("tags in one repository");
        var seeded = 0;
        foreach (var size in sizes)
        {
            await SeedAsync(berth, size, [], Enumerable.Range(seeded, size - seeded).Select(Preparation.TagName));
            seeded = size;
            if (size > 1)
            {
                steps.Take("tag list, first page of 100", size, Run(berth, Clients, Pages(berth, $"/v2/{TagRepository}/tags/list?n=100")));
                var middle = Preparation.TagName(size / 2);
                steps.Take("tag list, page of 100 from the middle", size, Run(berth, Clients, Pages(berth, $"/v2/{TagRepository}/tags/list?n=100&last={middle}")));
            }

            var some = Some(size).Select(Preparation.TagName);
            steps.Take("manifest GET by tag", size, Run(berth, Clients, new ReadWorkload(
                [.. some.Select(tag => berth.Requests.Format("GET", $"/v2/{TagRepository}/manifests/{tag}"))], 200, EmptyIndex.Content.Bytes.Length)));
            Push(steps, berth, size);
        }

        Add(steps);
    }

    private Task SeedAsync(BerthServer berth, int size, IEnumerable<string> repositories, IEnumerable<string> tags)
    {
        Progress.Say($"  seeding {Path.GetFileName(berth.Folder)}: {size:N0}");
        return Preparation.SeedAsync(berth, repositories, TagRepository, tags, contest.CancellationToken);
    }

    /// <summary>Up to 1 000 numbers spread over all.</summary>
    private static List<int> Some(int size) => [.. Enumerable.Range(0, Math.Min(size, 1000)).Select(i => (int)((long)i * 7919 % 1000 * size / 1000))];

    private static ReadWorkload Pages(BerthServer berth, string path) => new([berth.Requests.Format("GET", path)], 200, null);

    private void Push(Steps steps, BerthServer berth, int size)
    {
        steps.Take("blob push, 4 KiB", size, PushBlobs(berth, Clients, TagRepository));
        steps.Take("manifest push with a new tag", size, PushManifests(berth, Clients, TagRepository));
    }

    private RateSample PushBlobs(BerthServer berth, int clients, string repository)
    {
        var blobs = SmallContent.Blobs(contest.Options.Quick ? 200 : 600, 4096);
        Native.FlushDisks();
        return contest.Run(berth, clients, new BlobPushWorkload(berth.Requests, repository, blobs), null);
    }

    private RateSample PushManifests(BerthServer berth, int clients, string repository)
    {
        contest.Prepare(berth, repository, [contest.Config, contest.Layers[0]], [], "");
        var manifests = SmallContent.Manifests(contest.Options.Quick ? 200 : 600, contest.Config, contest.Layers[0]);
        var prefix = $"push-{Guid.CreateVersion7():N}-";
        Native.FlushDisks();
        return contest.Run(berth, clients, new ManifestPushWorkload(berth.Requests, repository, prefix, manifests), null);
    }

    /// <summary>A read load, once to warm up and once for the figure.</summary>
    private RateSample Run(BerthServer berth, int clients, Workload workload)
    {
        contest.Run(berth, clients, workload, contest.Options.RateDuration / 3);
        return contest.Run(berth, clients, workload, contest.Options.RateDuration * 2 / 3);
    }

    private static GrowthPoint Point(long size, RateSample sample) => new(
        size, sample.Load.Rate, sample.Load.Latencies.Percentile(0.5), sample.Load.Latencies.Percentile(0.99));

    private void Add(Steps steps)
    {
        foreach (var (operation, points) in steps.Points) Add(new Growth(steps.What, operation, points, Flat));
    }

    private void Add(Growth growth) => contest.Results.Growths.Add(growth);

    /// <summary>Points of several operations, gathered size by size.</summary>
    private sealed class Steps(string what)
    {
        public string What { get; } = what;

        public Dictionary<string, List<GrowthPoint>> Points { get; } = [];

        public void Take(string operation, int size, RateSample sample)
        {
            if (!Points.TryGetValue(operation, out var points)) Points[operation] = points = [];
            points.Add(Point(size, sample));
        }
    }
}

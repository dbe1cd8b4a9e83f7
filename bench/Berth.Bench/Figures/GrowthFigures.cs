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

    private readonly List<SmallContent> _manifests = SmallContent.Manifests(16, contest.Config, contest.Layers[0]);

    /// <summary>1 to 64 clients on the registry that all other figures use.</summary>
    public void OfClients()
    {
        contest.Prepare(contest.Berth, "growth/clients", [contest.Config, contest.Layers[0]], _manifests, "t");
        var names = Enumerable.Range(0, _manifests.Count).Select(i => $"t{i}").ToList();
        int[] sizes = [1, 4, 16, 64];

        contest.Add(new Growth("clients", "manifest GET by tag", [.. sizes.Select(clients => Contest.Point(clients, ReadManifests(clients, names)))], null));
        contest.Add(new Growth("clients", "manifest push", [.. sizes.Select(clients => Contest.Point(clients, PushManifests(contest.Berth, clients, "growth/clients")))], null));
        contest.Add(new Growth("clients", "blob push, 4 KiB", [.. sizes.Select(clients => Contest.Point(clients, PushBlobs(contest.Berth, clients, "growth/clients")))], null));
    }

    private RateSample ReadManifests(int clients, List<string> names) => contest.Run(
        contest.Berth, clients, RateFigures.ManifestReads(contest.Berth.Requests, "growth/clients", names, _manifests[0].Bytes.Length), contest.Options.RateDuration);

    /// <summary>1 to 100 000 repositories.</summary>
    public async Task OfRepositoriesAsync()
    {
        int[] sizes = contest.Options.Quick ? [1, 1_000, 10_000] : [1, 1_000, 100_000];
        using var servers = new SizedServers(launcher, Path.Combine(folder, "repositories"));
        foreach (var size in sizes)
        {
            await servers.AddAsync(
                size, rows => rows.AddRepositoriesAsync(Enumerable.Range(0, size).Select(Preparation.RepositoryName), contest.CancellationToken), contest.CancellationToken);
        }

        const string What = "repositories in one registry";
        contest.Compare(What, "catalog, first page of 100", servers, fills: 100, (berth, _, _) => Read(berth, ["/v2/_catalog?n=100"]));
        contest.Compare(What, "catalog, page of 100 from the middle", servers, fills: 1000, (berth, _, _) => Read(berth, ["/v2/_catalog?n=100&last=team-25/"]));
        contest.Compare(What, "manifest GET by tag", servers, fills: 1, (berth, size, _) =>
            Read(berth, [.. Some(size).Select(number => $"/v2/{Preparation.RepositoryName(number)}/manifests/latest")]));
        ComparePushes(What, servers);
    }

    /// <summary>1 to 1 000 000 tags, all of them in one repository.</summary>
    public async Task OfTagsAsync()
    {
        int[] sizes = contest.Options.Quick ? [1, 1_000, 100_000] : [1, 1_000, 1_000_000];
        using var servers = new SizedServers(launcher, Path.Combine(folder, "tags"));
        foreach (var size in sizes)
        {
            await servers.AddAsync(
                size, rows => rows.AddTagsAsync(TagRepository, Enumerable.Range(0, size).Select(Preparation.TagName), contest.CancellationToken), contest.CancellationToken);
        }

        const string What = "tags in one repository";
        contest.Compare(What, "tag list, first page of 100", servers, fills: 100, (berth, _, _) => Read(berth, [$"/v2/{TagRepository}/tags/list?n=100"]));
        contest.Compare(What, "tag list, page of 100 from the middle", servers, fills: 1000, (berth, size, _) =>
            Read(berth, [$"/v2/{TagRepository}/tags/list?n=100&last={Preparation.TagName(size / 2)}"]));
        contest.Compare(What, "manifest GET by tag", servers, fills: 1, (berth, size, _) =>
            Read(berth, [.. Some(size).Select(number => $"/v2/{TagRepository}/manifests/{Preparation.TagName(number)}")]));
        ComparePushes(What, servers);
    }

    /// <summary>1 to 50 000 registry tokens, each with a scope map of its own, and a fifth as many role assignments.</summary>
    public async Task OfCredentialsAsync()
    {
        int[] sizes = contest.Options.Quick ? [1, 1_000, 10_000] : [1, 1_000, 50_000];
        using var servers = new SizedServers(launcher, Path.Combine(folder, "credentials"));
        foreach (var size in sizes)
        {
            await servers.AddAsync(
                size,
                async rows =>
                {
                    await rows.AddTokensAsync(size, TagRepository, contest.CancellationToken);
                    await rows.AddAssignmentsAsync(size / 5, contest.CancellationToken);
                },
                contest.CancellationToken);
        }

        const string What = "registry tokens with a scope map each, and a fifth as many role assignments";
        foreach (var (_, berth) in servers.All) contest.Prepare(berth, TagRepository, [contest.Config, contest.Layers[0]], [_manifests[0]], "t");
        contest.Compare(What, "manifest GET, each with another token's password", servers, fills: 1, (berth, size, _) => contest.Run(
            berth, Clients,
            new ReadWorkload([.. Some(size).Select(number => As(berth, number).Format("GET", $"/v2/{TagRepository}/manifests/t0"))], 200, null),
            contest.Options.RateDuration / 3));
        contest.Compare(What, "manifest GET by the owner", servers, fills: 1, (berth, _, _) => Read(berth, [$"/v2/{TagRepository}/manifests/t0"]));
        contest.Compare(What, "blob push, 4 KiB, with a token's password", servers, fills: 1, (berth, size, _) => PushBlobs(berth, As(berth, size / 2), Clients, TagRepository));
        contest.Compare(What, "manifest push, with a token's password", servers, fills: 1, (berth, size, _) => PushManifests(berth, As(berth, size / 2), Clients, TagRepository));
    }

    private static RequestWriter As(BerthServer berth, int number) => new(
        berth.Requests.Target,
        "Basic " + Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes($"{BerthSeed.TokenName(number)}:{BerthSeed.TokenPassword(number)}")));

    private void ComparePushes(string what, SizedServers servers)
    {
        contest.Compare(what, "blob push, 4 KiB", servers, fills: 1, (berth, _, _) => PushBlobs(berth, Clients, TagRepository));
        contest.Compare(what, "manifest push with a new tag", servers, fills: 1, (berth, _, _) => PushManifests(berth, Clients, TagRepository));
    }

    /// <summary>Up to 1 000 numbers spread over all.</summary>
    private static List<int> Some(int size) => [.. Enumerable.Range(0, Math.Min(size, 1000)).Select(i => (int)((long)i * 7919 % 1000 * size / 1000))];

    private RateSample Read(BerthServer berth, IReadOnlyList<string> paths) => contest.Run(
        berth, Clients, new ReadWorkload([.. paths.Select(path => berth.Requests.Format("GET", path))], 200, null), contest.Options.RateDuration / 3);

    private RateSample PushBlobs(BerthServer berth, int clients, string repository) => PushBlobs(berth, berth.Requests, clients, repository);

    private RateSample PushBlobs(BerthServer berth, RequestWriter requests, int clients, string repository)
    {
        var blobs = SmallContent.Blobs(contest.Options.Quick ? 200 : 600, 4096);
        Native.FlushDisks();
        return contest.Run(berth, clients, new BlobPushWorkload(requests, repository, blobs), null);
    }

    private RateSample PushManifests(BerthServer berth, int clients, string repository) => PushManifests(berth, berth.Requests, clients, repository);

    private RateSample PushManifests(BerthServer berth, RequestWriter requests, int clients, string repository)
    {
        contest.Prepare(berth, repository, [contest.Config, contest.Layers[0]], [], "");
        var manifests = SmallContent.Manifests(contest.Options.Quick ? 200 : 600, contest.Config, contest.Layers[0]);
        var prefix = $"push-{Guid.CreateVersion7():N}-";
        Native.FlushDisks();
        return contest.Run(berth, clients, new ManifestPushWorkload(requests, repository, prefix, manifests), null);
    }
}

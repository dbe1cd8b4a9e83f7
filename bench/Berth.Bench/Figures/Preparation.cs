using System.Globalization;
using Berth.Bench.Seeding;
using Berth.Bench.Servers;

namespace Berth.Bench.Figures;

/// <summary>What both registries hold before the first figure: 2 000 repositories, and 10 000 tags in one more.</summary>
internal static class Preparation
{
    public const int Tags = 10_000;
    public const int Repositories = 2_000;
    public const string TagRepository = "bench/tags";

    public static async Task SeedAsync(PeerServer peer, BerthServer berth, CancellationToken cancellationToken)
    {
        Progress.Say($"seeding {Repositories:N0} repositories and {Tags:N0} tags");
        var repositories = Enumerable.Range(0, Repositories).Select(RepositoryName).ToList();
        var tags = Enumerable.Range(0, Tags).Select(TagName).ToList();

        var files = new PeerSeed(peer.Folder);
        files.AddRepositories(repositories);
        files.AddTags(TagRepository, tags);

        await SeedAsync(
            berth,
            async rows =>
            {
                await rows.AddRepositoriesAsync(repositories, cancellationToken);
                await rows.AddTagsAsync(TagRepository, tags, cancellationToken);
            },
            cancellationToken);
        peer.Start();
    }

    /// <summary>Adds rows to a Berth, which is stopped for it and started again.</summary>
    public static async Task SeedAsync(BerthServer berth, Func<BerthSeed, Task> seed, CancellationToken cancellationToken)
    {
        // The very first start makes the installation.
        if (!Directory.Exists(berth.Folder)) berth.Start();
        berth.Stop();
        await using (var rows = await BerthSeed.OpenAsync(berth.Folder, cancellationToken)) await seed(rows);

        berth.Start();
        berth.WaitForApi();
    }

    public static string RepositoryName(int number) => string.Create(CultureInfo.InvariantCulture, $"team-{number % 50:00}/service-{number:000000}");

    public static string TagName(int number) => string.Create(CultureInfo.InvariantCulture, $"build-{number:0000000}");
}

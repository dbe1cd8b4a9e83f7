using Berth.Bench.Load;
using Berth.Bench.Report;
using Berth.Bench.Seeding;
using Berth.Bench.Servers;
using Berth.Metadata.Postgres;

namespace Berth.Bench.Figures;

/// <summary>What an image takes of PostgreSQL: bytes of rows and of indexes in each table, bytes of its log, statements and commits. For the arithmetic of docs/dev/scale.md.</summary>
internal sealed class CapacityFigures(Contest contest, ClusterPlaces places)
{
    private const int ImagesOfRepository = 200;
    private const int SharedLayers = 4;
    private const int Loops = 200;

    private const string Sizes = """
        SELECT string_agg(format('%s: %s rows, %s B of rows, %s B of indexes', relname, round(tuples / images, 2), round(heap / images), round(indexes / images)), '; ' ORDER BY heap + indexes DESC)
        FROM (SELECT relname, reltuples::numeric AS tuples, pg_table_size(oid)::numeric AS heap, pg_indexes_size(oid)::numeric AS indexes, $1::numeric AS images
            FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace) sizes
        WHERE heap + indexes > images * 8
        """;

    private int Repositories => contest.Options.Quick ? 5 : 100;

    /// <summary>Images as pushes leave them, then pushes of a real node one after another.</summary>
    public async Task OfImagesAsync()
    {
        var (cluster, _) = await places.MakeAsync(ClusterPlaces.Stores()[0], 1);
        using var _2 = cluster;
        var (postgres, database, node) = (places.Postgres, cluster.Database, cluster.Nodes[0]);
        var images = Repositories * ImagesOfRepository;
        var before = postgres.Ask(database, "SELECT pg_database_size(current_database())");
        var options = new PostgresOptions { ConnectionString = postgres.ConnectionString(database, "seed"), MaxConnections = 16 };
        await using (var rows = await BerthSeed.OpenAsync(options, contest.CancellationToken))
        {
            var shared = SmallContent.Blobs(SharedLayers, 16);
            foreach (var number in Enumerable.Range(0, Repositories))
                await rows.AddPushedImagesAsync(Preparation.RepositoryName(number), ImagesOfRepository, shared, contest.CancellationToken);
        }

        postgres.Run(database, "VACUUM ANALYZE");
        Add("database for one image of 6 blobs, of which 2 are its own", "B", (postgres.Ask(database, "SELECT pg_database_size(current_database())") - before) / images);
        contest.Results.Remarks.Add($"Rows for one image, of {images:N0}: {postgres.AskText(database, Sizes, images)}.");

        contest.Prepare(node, "capacity/app", [contest.Config, contest.Layers[0]], [], "");
        Cost(postgres, database, "push of a blob (POST and PUT)", () =>
            contest.Run(node, 1, new BlobPushWorkload(node.Requests, "capacity/app", SmallContent.Blobs(Loops, 4096)), null));
        Cost(postgres, database, "push of a manifest with a new tag", () =>
            contest.Run(node, 1, new ManifestPushWorkload(node.Requests, "capacity/app", "c", SmallContent.Manifests(Loops, contest.Config, contest.Layers[0])), null));
        Cost(postgres, database, "manifest GET by tag", () => contest.Run(
            node, 1, RateFigures.ManifestReads(node.Requests, "capacity/app", [.. Enumerable.Range(0, Loops).Select(i => $"c{i}")], SmallContent.Manifests(1, contest.Config, contest.Layers[0])[0].Bytes.Length),
            contest.Options.RateDuration));
        Idle(postgres, database);
    }

    // By one client, one after another: nothing is shared with others, so that this is the most that one takes.
    private void Cost(PostgresServer postgres, string database, string name, Func<RateSample> run)
    {
        run();
        postgres.Run(database, "CHECKPOINT");
        postgres.Recount(database);
        var (log, commits, cpu) = (Position(postgres, database), Commits(postgres, database), postgres.CpuTime());
        var sample = run();
        var count = (double)sample.Load.Latencies.Count;
        Thread.Sleep(1500);
        Add($"{name}, PostgreSQL's log", "B", (Position(postgres, database) - log) / count);
        Add($"{name}, statements", "", postgres.CallsOf(database, "%") / count);
        Add($"{name}, transactions", "", (Commits(postgres, database) - commits) / count);
        Add($"{name}, CPU of the database", "µs", (postgres.CpuTime() - cpu).TotalMicroseconds / count);
        Add($"{name}, CPU of the node", "µs", sample.CpuMicroseconds);
    }

    private void Idle(PostgresServer postgres, string database)
    {
        const int Seconds = 10;
        var (log, cpu) = (Position(postgres, database), postgres.CpuTime());
        postgres.Recount(database);
        Thread.Sleep(Seconds * 1000);
        Add("a node without requests, CPU of the database", "ms/s", (postgres.CpuTime() - cpu).TotalMilliseconds / Seconds);
        Add("a node without requests, statements", "/s", (double)postgres.CallsOf(database, "%") / Seconds);
        Add("a node without requests, PostgreSQL's log", "B/s", (Position(postgres, database) - log) / Seconds);
    }

    private static double Position(PostgresServer postgres, string database) => postgres.Ask(database, "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')");

    private static double Commits(PostgresServer postgres, string database) =>
        postgres.Ask(database, "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()");

    private void Add(string name, string unit, double value) => contest.Add(new Figure { Name = name, Unit = unit, Berth = value, BerthRuns = [value] });
}

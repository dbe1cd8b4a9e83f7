namespace Berth.Bench;

/// <summary>What the command line asks for.</summary>
internal sealed record BenchOptions
{
    public const string Usage = """
        usage: bench/run [options]
          --quick            a version of about ten minutes: shorter runs, fewer rounds, smaller sizes
          --only NAME[,…]    only these parts: cli, start, idle, manifests, heads, tags, catalog, access,
                             blobs, images, push, pull, tls, memory, control, growth, lifecycle,
                             cluster, cluster-push, nodes, workers, capacity, cluster-memory
                             (on PostgreSQL and object stores)
          --json FILE        where the results go as JSON (artifacts/bench/results.json)
          --page             also write docs/reference/performance.md
          --keep             keep the data folders
          --check-generator  compare the load generator with wrk on nginx, and end
        """;

    public static readonly IReadOnlyList<string> Parts =
        ["cli", "start", "idle", "manifests", "heads", "tags", "catalog", "access", "blobs", "images", "push", "pull", "tls", "memory", "control", "growth", "lifecycle",
        "cluster", "cluster-push", "nodes", "workers", "capacity", "cluster-memory"];

    /// <summary>The repository's root.</summary>
    public required string Root { get; init; }

    public bool Quick { get; init; }

    public IReadOnlySet<string> Only { get; init; } = Parts.ToHashSet();

    public required string Json { get; init; }

    public bool Page { get; init; }

    public bool Keep { get; init; }

    public bool CheckGenerator { get; init; }

    /// <summary>One rate's measurement on one server in one round.</summary>
    public TimeSpan RateDuration => TimeSpan.FromSeconds(Quick ? 1.5 : 3);

    public int RateRounds => Quick ? 2 : 3;

    public int PushRounds => Quick ? 1 : 3;

    public int PullRounds => Quick ? 2 : 5;

    public int Starts => Quick ? 3 : 7;

    public int ClientStarts => Quick ? 20 : 50;

    public long LargeBlob => (Quick ? 256L : 1024L) << 20;

    /// <summary>One of the 64 uploads at once.</summary>
    public long ConcurrentBlob => (Quick ? 8L : 64L) << 20;

    public static BenchOptions? Parse(string root, string[] arguments)
    {
        var options = new BenchOptions { Root = root, Json = Path.Combine(root, "artifacts", "bench", "results.json") };
        for (var i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--quick":
                    options = options with { Quick = true };
                    break;
                case "--page":
                    options = options with { Page = true };
                    break;
                case "--keep":
                    options = options with { Keep = true };
                    break;
                case "--check-generator":
                    options = options with { CheckGenerator = true };
                    break;
                case "--json" when i + 1 < arguments.Length:
                    options = options with { Json = arguments[++i] };
                    break;
                case "--only" when i + 1 < arguments.Length:
                    options = options with { Only = arguments[++i].Split(',').ToHashSet() };
                    if (!options.Only.IsSubsetOf(Parts)) return null;
                    break;
                default:
                    return null;
            }
        }

        return options;
    }
}

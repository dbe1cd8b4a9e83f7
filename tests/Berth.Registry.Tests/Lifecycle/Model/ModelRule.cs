namespace Berth.Registry.Tests.Lifecycle.Model;

/// <summary>A lifecycle rule, as the API takes it and as the model understands it.</summary>
/// <param name="Json">The rule.</param>
internal sealed record ModelRule(string Json)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>The rules that a step may run.</summary>
    public static readonly IReadOnlyList<ModelRule> All =
    [
        new("""{"name":"builds","repositories":["**"],"tags":["build-*"],"olderThan":"1d","action":"delete"}""") { Prefixes = ["build-"], Age = Day },
        new("""{"name":"untag","repositories":["**"],"tags":["build-*","v*"],"olderThan":"2d","action":"untag"}""") { Prefixes = ["build-", "v"], Age = 2 * Day, Deletes = false },
        new("""{"name":"untagged","repositories":["**"],"untaggedFor":"1d","action":"delete"}""") { Prefixes = [], Untagged = Day },
        new("""{"name":"old","repositories":["**"],"olderThan":"3d","action":"delete","keepReleases":{"tags":["v*"],"count":1}}""") { Age = 3 * Day, Releases = 1 },
    ];

    /// <summary>Rules that lock, and take nothing away.</summary>
    public static readonly IReadOnlyList<ModelRule> Archive =
    [
        new("""{"name":"archive","repositories":["**"],"tags":["v*"],"olderThan":"1d","action":"archive-lock"}""") { Prefixes = ["v"], Age = Day, Deletes = false, Archives = true },
        new("""{"name":"keep","repositories":["**"],"untaggedFor":"2d","action":"archive-lock"}""") { Prefixes = [], Untagged = 2 * Day, Deletes = false, Archives = true },
    ];

    /// <summary>Rules that take all that nothing protects.</summary>
    public static readonly IReadOnlyList<ModelRule> Everything =
    [
        new("""{"name":"all","repositories":["**"],"olderThan":"1d","action":"delete"}""") { Age = Day },
        All[2],
    ];

    /// <summary>What the tags begin with that it takes; nothing where it is about manifests without a tag.</summary>
    public IReadOnlyList<string> Prefixes { get; init; } = [""];

    /// <summary>For how long a tag must have named what it names.</summary>
    public TimeSpan Age { get; init; }

    /// <summary>Whether the manifest goes, too.</summary>
    public bool Deletes { get; init; } = true;

    /// <summary>Whether it locks what it takes, and nothing goes.</summary>
    public bool Archives { get; init; }

    /// <summary>For how long a manifest must have had no tag; null where it is about tags.</summary>
    public TimeSpan? Untagged { get; init; }

    /// <summary>How many of the newest release tags stay.</summary>
    public int Releases { get; init; }
}

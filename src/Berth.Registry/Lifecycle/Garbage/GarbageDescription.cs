using Berth.Registry.ApiReference;

namespace Berth.Registry.Lifecycle.Garbage;

/// <summary>What the API's document says of garbage collection.</summary>
internal static class GarbageDescription
{
    private static readonly ApiParameter[] Page =
        [new("n", "The most entries of the page, 1,000 at most.", Type: "integer"), new("$skiptoken", "Where the list goes on, as its nextLink says it.")];

    /// <summary>The calls.</summary>
    /// <param name="show">The path of its state.</param>
    /// <param name="pause">The path of its pause.</param>
    /// <param name="proof">The path of the list of what is due.</param>
    /// <param name="right">What the rights begin with.</param>
    public static IEnumerable<ApiCall> Of(string show, string pause, string proof, string right) =>
    [
        new("garbage.show", "GET", show, ApiPart.Operations, "Shows whether garbage collection runs, how much is due, what the last round did, and how long the rest will take.")
        {
            Right = $"{right}read",
            Answers = [new(200, new ApiContent("GarbageCollection"))],
        },
        new("garbage.pause", "PUT", pause, ApiPart.Operations, "Pauses deletion until a time, seven days ahead at most; a restart does not end the pause.")
        {
            Right = $"{right}write",
            Body = new ApiContent("GarbagePause"),
            Answers = [new(200, new ApiContent("GarbageCollection"))],
            Errors = [413],
        },
        new("garbage.resume", "DELETE", pause, ApiPart.Operations, "Lets deletion go on.") { Right = $"{right}write", Answers = [new(204)] },
        new("garbage.proof", "GET", proof, ApiPart.Operations, "Lists what is due, with what would become of it now and why; nothing is changed.")
        {
            Right = $"{right}read",
            Parameters = Page,
            Answers = [new(200, new ApiContent("GarbageProof"))],
        },
    ];
}

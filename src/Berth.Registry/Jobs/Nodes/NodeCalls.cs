using Berth.Registry.ApiReference;

namespace Berth.Registry.Jobs.Nodes;

/// <summary>What the API's document says of nodes.</summary>
internal static class NodeCalls
{
    /// <summary>The calls.</summary>
    /// <param name="path">The path of the list.</param>
    /// <param name="right">The right that it takes.</param>
    public static IEnumerable<ApiCall> Of(string path, string right) =>
    [
        new("nodes.list", "GET", path, ApiPart.Operations, "Lists the nodes that serve the installation, the jobs that each does, and how far readers of the ledger are behind.")
        {
            Right = right,
            Answers = [new(200, new ApiContent("NodeList"))],
        },
    ];
}

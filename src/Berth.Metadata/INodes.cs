namespace Berth.Metadata;

/// <summary>The processes that serve the installation.</summary>
public interface INodes
{
    /// <summary>
    /// Says that a node is there, and how far its clock is from the database's; forgets nodes that have not said so for a given time. What the row said before is replaced.
    /// </summary>
    /// <param name="node">The node.</param>
    /// <param name="localTime">The time by the node's own clock.</param>
    /// <param name="forgetAfter">For how long nodes that say nothing are remembered.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>By how much the node's clock is ahead of the database's.</returns>
    Task<TimeSpan> ReportNodeAsync(NodeDescription node, DateTimeOffset localTime, TimeSpan forgetAfter, CancellationToken cancellationToken);

    /// <summary>Forgets a node that ends in good order.</summary>
    Task RemoveNodeAsync(string id, CancellationToken cancellationToken);

    /// <summary>The nodes in the order of their starts, with the time that the database's clock shows.</summary>
    ValueTask<NodeList> ListNodesAsync(int limit, CancellationToken cancellationToken);
}

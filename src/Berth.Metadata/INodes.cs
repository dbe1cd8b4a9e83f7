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

    /// <summary>The least <see cref="NodeDescription.Level"/> of the nodes that have said within a time that they are there; 0 where none has.</summary>
    ValueTask<int> FindLeastLevelAsync(TimeSpan silence, CancellationToken cancellationToken);

    /// <summary>Forgets a node that ends in good order.</summary>
    Task RemoveNodeAsync(string id, CancellationToken cancellationToken);

    /// <summary>The nodes in the order of their starts, with the time that the database's clock shows.</summary>
    ValueTask<NodeList> ListNodesAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Says what was asked of a node lately, in the words of who shares limits out; nothing where the node has not said that it is there.</summary>
    Task ReportDemandAsync(string id, string demand, CancellationToken cancellationToken);

    /// <summary>What was asked lately of the nodes that are there and do not end.</summary>
    /// <param name="silence">How long ago a node said last that it is there, at most.</param>
    /// <param name="lately">How long ago it said last what was asked of it, at most, so that it counts.</param>
    /// <param name="limit">How many nodes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<IReadOnlyList<NodeDemand>> ListDemandsAsync(TimeSpan silence, TimeSpan lately, int limit, CancellationToken cancellationToken);
}

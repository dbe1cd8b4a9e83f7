namespace Berth.EndToEnd.Nodes;

/// <summary>Nodes that a test class has for itself; there is no group where there can be none.</summary>
public abstract class NodeGroupFixture : IAsyncLifetime
{
    internal NodeGroup Group { get; private set; } = null!;

    /// <inheritdoc/>
    public virtual async ValueTask InitializeAsync()
    {
        if (NodeGroup.Lacking is null) Group = await StartAsync();
    }

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Group is not null) await Group.DisposeAsync();
    }

    internal abstract Task<NodeGroup> StartAsync();
}

/// <summary>A test of such nodes; it is skipped where there can be none, or fails on continuous integration, and their logs are kept where it fails.</summary>
public abstract class NodeGroupTest<TNodes>(TNodes nodes) : IClassFixture<TNodes>, IAsyncLifetime
    where TNodes : NodeGroupFixture
{
    /// <summary>The nodes.</summary>
    protected TNodes Nodes => nodes;

    /// <inheritdoc/>
    public virtual ValueTask InitializeAsync()
    {
        NodeGroup.Require();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        nodes.Group?.KeepLogsOfFailure();
        return ValueTask.CompletedTask;
    }
}

namespace Berth.Metadata;

/// <summary>What a lock forbids; a higher one forbids more. The values are stored.</summary>
public enum ResourceLockLevel
{
    /// <summary>To delete.</summary>
    CanNotDelete = 1,

    /// <summary>To delete and to change.</summary>
    ReadOnly = 2,
}

/// <summary>A lock of a resource on the control plane.</summary>
/// <param name="Scope">The resource.</param>
/// <param name="Name">Its name; case does not tell two of them apart.</param>
/// <param name="Level">What it forbids.</param>
/// <param name="Notes">What it is for, or null.</param>
public sealed record ResourceLockRecord(ResourceScope Scope, string Name, ResourceLockLevel Level, string? Notes)
{
    /// <summary>Who made and changed it, and when; the store's to say.</summary>
    public Authorship Authorship { get; init; } = Authorship.None;
}

/// <summary>A lock forbids the deletion: nothing was deleted.</summary>
/// <param name="held">The lock.</param>
public sealed class ResourceLockedException(ResourceLockRecord held) : InvalidOperationException($"The lock '{held.Name}' at '{held.Scope}' forbids it.")
{
    /// <summary>The lock.</summary>
    public ResourceLockRecord Lock => held;
}

namespace Berth.Registry.Tests.Lifecycle.Model;

/// <summary>What a step of the model-based test does.</summary>
internal enum ModelAction
{
    /// <summary>Pushes an image with its blobs, under a tag or by its digest.</summary>
    PushImage,

    /// <summary>Pushes an index of one or two manifests of the repository.</summary>
    PushIndex,

    /// <summary>Pushes something that refers to a manifest of the repository.</summary>
    PushReferrer,

    /// <summary>Pushes a signature as cosign does: its tag says what it belongs to.</summary>
    PushSignature,

    /// <summary>Pushes a manifest again that was pushed anywhere before, without its blobs.</summary>
    PushAgain,

    /// <summary>Gives a manifest of the repository a tag.</summary>
    Tag,

    /// <summary>Removes a tag.</summary>
    Untag,

    /// <summary>Deletes a manifest by its digest.</summary>
    Delete,

    /// <summary>Restores a manifest.</summary>
    Restore,

    /// <summary>Deletes a deleted manifest for good.</summary>
    Purge,

    /// <summary>Deletes a repository with all that it holds.</summary>
    DeleteRepository,

    /// <summary>Restores all of a repository that can be restored.</summary>
    RestoreRepository,

    /// <summary>Sets or takes away one of the four flags of a tag.</summary>
    LockTag,

    /// <summary>The same of a manifest.</summary>
    LockManifest,

    /// <summary>The same of a repository.</summary>
    LockRepository,

    /// <summary>Takes all flags of all repositories, manifests and tags away.</summary>
    Unlock,

    /// <summary>Reports a workload that uses a manifest.</summary>
    Report,

    /// <summary>Takes a report back.</summary>
    EndReport,

    /// <summary>Sets a manifest apart, for a time or until further notice.</summary>
    QuarantineManifest,

    /// <summary>Sets a repository apart, or ends that.</summary>
    QuarantineRepository,

    /// <summary>Ends the quarantine of a manifest.</summary>
    Release,

    /// <summary>Says of a manifest that it passed a look.</summary>
    Pass,

    /// <summary>Turns the quarantine of what is pushed on or off.</summary>
    QuarantinePushes,

    /// <summary>Limits what a repository or the registry may hold, by a hard quota, a soft one or both.</summary>
    Limit,

    /// <summary>Takes all quotas away.</summary>
    LiftLimits,

    /// <summary>Turns soft deletion on or off.</summary>
    KeepDeleted,

    /// <summary>Turns the deletion of untagged manifests on or off.</summary>
    DeleteUntagged,

    /// <summary>Makes release tags write-once, or ends that.</summary>
    WriteOnce,

    /// <summary>Runs a lifecycle rule, or two together.</summary>
    Run,

    /// <summary>Lets garbage collection do all that is due.</summary>
    Sweep,

    /// <summary>Lets time pass.</summary>
    Wait,
}

/// <summary>One step: an action, numbers that choose what it is done to, and where in it the process is killed. Any numbers are good, so that a failing run can be shrunk.</summary>
/// <param name="Action">The action.</param>
/// <param name="A">Chooses the repository.</param>
/// <param name="B">Chooses among manifests.</param>
/// <param name="C">Chooses the rest.</param>
/// <param name="CrashAt">The process is killed as so many named steps of the product were reached; 0 for not at all, and after the action where it reaches fewer.</param>
internal readonly record struct ModelStep(ModelAction Action, int A, int B, int C, int CrashAt)
{
    // How often each comes, beside the others.
    private static readonly (ModelAction Action, int Weight)[] Weights =
    [
        (ModelAction.PushImage, 12), (ModelAction.PushIndex, 5), (ModelAction.PushReferrer, 3), (ModelAction.PushSignature, 3), (ModelAction.PushAgain, 2), (ModelAction.Tag, 4),
        (ModelAction.Untag, 4), (ModelAction.Delete, 5), (ModelAction.Restore, 4), (ModelAction.Purge, 1), (ModelAction.DeleteRepository, 1), (ModelAction.RestoreRepository, 1),
        (ModelAction.LockTag, 1), (ModelAction.LockManifest, 1),
        (ModelAction.LockRepository, 1), (ModelAction.Unlock, 1), (ModelAction.Report, 2), (ModelAction.EndReport, 1), (ModelAction.QuarantineManifest, 1),
        (ModelAction.QuarantineRepository, 1), (ModelAction.Release, 1), (ModelAction.Pass, 1), (ModelAction.QuarantinePushes, 1), (ModelAction.Limit, 2),
        (ModelAction.LiftLimits, 1), (ModelAction.KeepDeleted, 2), (ModelAction.DeleteUntagged, 2), (ModelAction.WriteOnce, 1), (ModelAction.Run, 8),
        (ModelAction.Sweep, 4), (ModelAction.Wait, 8),
    ];

    /// <summary>The steps of a seed.</summary>
    public static List<ModelStep> Of(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var at = random.Next(Weights.Sum(each => each.Weight));
            var action = Weights.First(each => (at -= each.Weight) < 0).Action;
            return new ModelStep(action, random.Next(64), random.Next(64), random.Next(64), random.Next(12) == 0 ? random.Next(1, 16) : 0);
        })];
    }

    /// <inheritdoc/>
    public override string ToString() => $"new(ModelAction.{Action}, {A}, {B}, {C}, {CrashAt})";
}

using Berth.Oci;

namespace Berth.Metadata;

/// <summary>One mutation, as every reader of the ledger sees it.</summary>
/// <param name="Number">Its place in this ledger epoch; grows, with gaps.</param>
/// <param name="HybridTime">Hybrid logical time: milliseconds since 1970 shifted left by 16, plus a counter.</param>
/// <param name="Kind">What happened; see <see cref="LedgerKinds"/>.</param>
/// <param name="RegistryId">The registry, or 0 for the installation.</param>
/// <param name="Repository">The repository's name, or null.</param>
/// <param name="Reference">The tag, or null.</param>
/// <param name="Digest">The digest; default when none.</param>
/// <param name="Actor">The principal's name.</param>
/// <param name="Address">The caller's address, or null.</param>
/// <param name="RequestId">The request's id, or null.</param>
/// <param name="Region">Where it happened.</param>
/// <param name="Payload">More facts as a JSON object, or null.</param>
public sealed record LedgerRecord(
    long Number, long HybridTime, string Kind, long RegistryId, string? Repository, string? Reference, Digest Digest,
    string Actor, string? Address, string? RequestId, string Region, string? Payload);

/// <summary>The kinds of ledger records. Registered here, once; the reference page is made from this list.</summary>
public static class LedgerKinds
{
    /// <summary>A blob was committed to a repository by an upload.</summary>
    public const string BlobPushed = "blob.pushed";

    /// <summary>A blob of another repository was mounted.</summary>
    public const string BlobMounted = "blob.mounted";

    /// <summary>A blob was removed from a repository by a client.</summary>
    public const string BlobDeleted = "blob.deleted";

    /// <summary>A membership that nothing named was collected after its lease.</summary>
    public const string BlobCollected = "blob.collected";

    /// <summary>A blob's bytes were found missing or wrong.</summary>
    public const string BlobDamaged = "blob.damaged";

    /// <summary>A damaged blob was pushed again, or its bytes were found good after all.</summary>
    public const string BlobHealed = "blob.healed";

    /// <summary>An upload session was opened: bytes come to it in parts, or it is new, or a quota limits it. A small blob that comes at once has none.</summary>
    public const string UploadOpened = "upload.opened";

    /// <summary>An upload session was cancelled by its client or expired.</summary>
    public const string UploadAborted = "upload.aborted";

    /// <summary>A manifest was pushed that was not there.</summary>
    public const string ManifestPushed = "manifest.pushed";

    /// <summary>A manifest was deleted, with its tags.</summary>
    public const string ManifestDeleted = "manifest.deleted";

    /// <summary>A manifest was deleted, with its tags, and can be restored.</summary>
    public const string ManifestSoftDeleted = "manifest.soft-deleted";

    /// <summary>A deleted manifest was restored.</summary>
    public const string ManifestRestored = "manifest.restored";

    /// <summary>A deleted manifest was deleted for good.</summary>
    public const string ManifestPurged = "manifest.purged";

    /// <summary>A manifest's bytes were found missing or wrong.</summary>
    public const string ManifestDamaged = "manifest.damaged";

    /// <summary>A damaged manifest was pushed again, or its bytes were found good after all.</summary>
    public const string ManifestHealed = "manifest.healed";

    /// <summary>A tag was made or moved.</summary>
    public const string TagSet = "tag.set";

    /// <summary>A tag was removed.</summary>
    public const string TagDeleted = "tag.deleted";

    /// <summary>A tag was locked or unlocked.</summary>
    public const string TagLocked = "tag.locked";

    /// <summary>A rule that makes tags write-once was made or changed.</summary>
    public const string TagRuleSet = "tag-rule.set";

    /// <summary>A rule that makes tags write-once was deleted.</summary>
    public const string TagRuleDeleted = "tag-rule.deleted";

    /// <summary>A manifest was set apart from those who pull, or a scanner said that it passed.</summary>
    public const string ManifestQuarantined = "manifest.quarantined";

    /// <summary>A manifest is set apart no longer.</summary>
    public const string ManifestReleased = "manifest.released";

    /// <summary>A repository was set apart from those who pull.</summary>
    public const string RepositoryQuarantined = "repository.quarantined";

    /// <summary>A repository is set apart no longer.</summary>
    public const string RepositoryReleased = "repository.released";

    /// <summary>A manifest was locked or unlocked.</summary>
    public const string ManifestLocked = "manifest.locked";

    /// <summary>A principal was made or changed (never with the secret).</summary>
    public const string PrincipalChanged = "principal.changed";

    /// <summary>A key was made that tokens will be signed with.</summary>
    public const string SigningKeyAdded = "key.added";

    /// <summary>A principal was deleted, with its credentials and memberships.</summary>
    public const string PrincipalDeleted = "principal.deleted";

    /// <summary>A principal was put into a group.</summary>
    public const string MemberAdded = "member.added";

    /// <summary>A principal was taken out of a group.</summary>
    public const string MemberRemoved = "member.removed";

    /// <summary>A secret or a certificate of a principal was made or replaced (never with the secret).</summary>
    public const string CredentialSet = "credential.set";

    /// <summary>A secret or a certificate of a principal was removed.</summary>
    public const string CredentialRemoved = "credential.removed";

    /// <summary>A federated credential of a principal was made or changed.</summary>
    public const string FederationSet = "federation.set";

    /// <summary>A federated credential of a principal was removed.</summary>
    public const string FederationRemoved = "federation.removed";

    /// <summary>The keys of an outside issuer were brought or replaced by an operator.</summary>
    public const string IssuerKeysSet = "issuer-keys.set";

    /// <summary>The keys that were brought for an outside issuer were deleted.</summary>
    public const string IssuerKeysDeleted = "issuer-keys.deleted";

    /// <summary>A role was defined or changed.</summary>
    public const string RoleSet = "role.set";

    /// <summary>A role's definition was deleted.</summary>
    public const string RoleDeleted = "role.deleted";

    /// <summary>A role was assigned to a principal, or its condition changed.</summary>
    public const string AssignmentSet = "assignment.set";

    /// <summary>A role assignment was deleted, by itself or with its principal or scope.</summary>
    public const string AssignmentDeleted = "assignment.deleted";

    /// <summary>A scope map of a registry was made or changed.</summary>
    public const string ScopeMapSet = "scope-map.set";

    /// <summary>A scope map of a registry was deleted.</summary>
    public const string ScopeMapDeleted = "scope-map.deleted";

    /// <summary>A token of a registry was made, enabled, disabled or given another scope map.</summary>
    public const string TokenSet = "token.set";

    /// <summary>A token of a registry was deleted, with its credentials.</summary>
    public const string TokenDeleted = "token.deleted";

    /// <summary>A registry was made.</summary>
    public const string RegistryCreated = "registry.created";

    /// <summary>A registry's settings were changed.</summary>
    public const string RegistryChanged = "registry.changed";

    /// <summary>A registry was deleted; its name is free.</summary>
    public const string RegistryDeleted = "registry.deleted";

    /// <summary>A deleted registry was recovered.</summary>
    public const string RegistryRecovered = "registry.recovered";

    /// <summary>It began that what a deleted registry held is deleted for good.</summary>
    public const string RegistryPurged = "registry.purged";

    /// <summary>A repository's settings were changed.</summary>
    public const string RepositoryChanged = "repository.changed";

    /// <summary>A workload reported which digests it uses.</summary>
    public const string WorkloadReported = "workload.reported";

    /// <summary>A workload's report was deleted, by a client or long after its end.</summary>
    public const string WorkloadDeleted = "workload.deleted";

    /// <summary>A workload's report ended without another one.</summary>
    public const string WorkloadExpired = "workload.expired";

    /// <summary>Garbage collection was paused.</summary>
    public const string GarbagePaused = "garbage.paused";

    /// <summary>A pause of garbage collection was ended before its time.</summary>
    public const string GarbageResumed = "garbage.resumed";
    /// <summary>A quota of a registry or a repository was set or taken away.</summary>
    public const string QuotaSet = "quota.set";

    /// <summary>A soft limit of a registry or a repository was passed.</summary>
    public const string SoftLimitPassed = "quota.soft-limit-passed";

    /// <summary>A resource group was made or changed.</summary>
    public const string ResourceGroupSet = "resource-group.set";

    /// <summary>A resource group was deleted.</summary>
    public const string ResourceGroupDeleted = "resource-group.deleted";

    /// <summary>A resource was locked against deletion or change on the control plane, or a lock was changed.</summary>
    public const string ResourceLockSet = "resource-lock.set";

    /// <summary>A lock of a resource was deleted.</summary>
    public const string ResourceLockDeleted = "resource-lock.deleted";

    /// <summary>A lifecycle rule of a registry was made or changed.</summary>
    public const string LifecycleRuleSet = "lifecycle-rule.set";

    /// <summary>A lifecycle rule of a registry was deleted.</summary>
    public const string LifecycleRuleDeleted = "lifecycle-rule.deleted";

    /// <summary>A run of lifecycle rules was asked for, or was due.</summary>
    public const string LifecycleRunStarted = "lifecycle-run.started";

    /// <summary>A run of lifecycle rules ended.</summary>
    public const string LifecycleRunEnded = "lifecycle-run.ended";

    /// <summary>The installation was made, restored, or moved out of its data folder.</summary>
    public const string InstallationChanged = "installation.changed";

    /// <summary>All kinds with the sentence that explains each.</summary>
    public static readonly IReadOnlyDictionary<string, string> All = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        [BlobPushed] = "A blob was committed to a repository by an upload.",
        [BlobMounted] = "A blob of another repository was mounted.",
        [BlobDeleted] = "A blob was removed from a repository by a client.",
        [BlobCollected] = "A blob that no manifest of the repository named was collected after its lease.",
        [BlobDamaged] = "A blob's bytes were found missing or wrong; it is answered as absent.",
        [BlobHealed] = "A damaged blob was pushed again, or its bytes were found good after all; it is served again.",
        [UploadOpened] = "An upload session was opened: bytes come to it in parts, or it is new, or a quota limits it. A small blob that comes at once has none.",
        [UploadAborted] = "An upload session was cancelled by its client or expired.",
        [ManifestPushed] = "A manifest was pushed that was not there.",
        [ManifestDeleted] = "A manifest was deleted for good, with its tags; `policy` says which policy of the registry asked for it, `rule` and `run` which lifecycle rule.",
        [ManifestSoftDeleted] = "A manifest was deleted, with its tags, and can be restored; `policy` says which policy of the registry asked for it, `rule` and `run` which lifecycle rule.",
        [ManifestRestored] = "A deleted manifest was restored, by itself or with what lists it or it refers to; its tags have records of their own.",
        [ManifestPurged] = "A deleted manifest was deleted for good: its time was over, or somebody asked for it.",
        [ManifestDamaged] = "A manifest's bytes were found missing or wrong; it is answered as absent.",
        [ManifestHealed] = "A damaged manifest was pushed again, or its bytes were found good after all; it is served again.",
        [TagSet] = "A tag was made or moved.",
        [TagDeleted] = "A tag was removed.",
        [TagLocked] = "A tag was locked or unlocked; `locks` says what must not be done with it now.",
        [TagRuleSet] = "A rule that makes tags write-once was made or changed; the payload is the rule.",
        [TagRuleDeleted] = "A rule that makes tags write-once was deleted; the payload is the rule as it was.",
        [ManifestQuarantined] = "A manifest was set apart from those who pull in its registry, whether or not it is there; `state` Passed says that a scanner let it pass.",
        [ManifestReleased] = "A manifest is set apart no longer: somebody ended it.",
        [RepositoryQuarantined] = "A repository was set apart from those who pull.",
        [RepositoryReleased] = "A repository is set apart no longer: somebody ended it.",
        [ManifestLocked] = "A manifest was locked or unlocked; `locks` says what must not be done with it now.",
        [PrincipalChanged] = "A principal was made or changed.",
        [SigningKeyAdded] = "A key was made that tokens will be signed with.",
        [PrincipalDeleted] = "A principal was deleted, with its credentials and memberships.",
        [MemberAdded] = "A principal was put into a group.",
        [MemberRemoved] = "A principal was taken out of a group.",
        [CredentialSet] = "A secret or a certificate of a principal was made or replaced.",
        [CredentialRemoved] = "A secret or a certificate of a principal was removed.",
        [FederationSet] = "A federated credential of a principal was made or changed.",
        [FederationRemoved] = "A federated credential of a principal was removed.",
        [IssuerKeysSet] = "The keys of an outside issuer were brought or replaced by an operator.",
        [IssuerKeysDeleted] = "The keys that were brought for an outside issuer were deleted.",
        [RoleSet] = "A role was defined or changed.",
        [RoleDeleted] = "A role's definition was deleted.",
        [AssignmentSet] = "A role was assigned to a principal, or its condition changed.",
        [AssignmentDeleted] = "A role assignment was deleted, by itself or with its principal or scope.",
        [ScopeMapSet] = "A scope map of a registry was made or changed.",
        [ScopeMapDeleted] = "A scope map of a registry was deleted.",
        [TokenSet] = "A token of a registry was made, enabled, disabled or given another scope map.",
        [TokenDeleted] = "A token of a registry was deleted, with its credentials.",
        [RegistryCreated] = "A registry was made.",
        [RegistryChanged] = "A registry's settings were changed.",
        [RegistryDeleted] = "A registry was deleted; its name is free.",
        [RegistryRecovered] = "A deleted registry was recovered.",
        [RegistryPurged] = "It began that what a deleted registry held is deleted for good.",
        [RepositoryChanged] = "A repository's settings were changed.",
        [WorkloadReported] = "A workload reported which digests it uses; `added` and `removed` say how many changed, `expiresAt` until when they are kept. One that changes nothing has no record.",
        [WorkloadDeleted] = "A workload's report was deleted, by a client or long after its end.",
        [WorkloadExpired] = "A workload's report ended without another one: what it alone kept is kept no more.",
        [GarbagePaused] = "Garbage collection was paused; `until` says until when.",
        [GarbageResumed] = "A pause of garbage collection was ended before its time.",
        [QuotaSet] = "A quota of a registry or a repository was set or taken away; `limit` and `softLimit` are the bytes, or `none`.",
        [SoftLimitPassed] = "A registry or a repository came to hold more than its soft limit; once each time that it does.",
        [ResourceGroupSet] = "A resource group was made or changed.",
        [ResourceGroupDeleted] = "A resource group was deleted.",
        [ResourceLockSet] = "A resource was locked against deletion or change on the control plane, or a lock was changed.",
        [ResourceLockDeleted] = "A lock of a resource was deleted.",
        [LifecycleRuleSet] = "A lifecycle rule of a registry was made or changed.",
        [LifecycleRuleDeleted] = "A lifecycle rule of a registry was deleted.",
        [LifecycleRunStarted] = "A run of lifecycle rules was asked for, or was due; what it does has records of its own, which name the rule and the run.",
        [LifecycleRunEnded] = "A run of lifecycle rules ended; `state` and the counts say how.",
        [InstallationChanged] = "The installation was made, restored, or moved out of its data folder.",
    };
}

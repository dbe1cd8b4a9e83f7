using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>
/// What keeps tags and manifests of a registry whatever lifecycle rules say: a lock of the registry, what runs, quarantine, and the rules that make tags write-once.
/// </summary>
/// <param name="session">Where it looks; what it finds holds as long as the session's transaction.</param>
/// <param name="registryId">The registry.</param>
/// <param name="now">The time, in milliseconds since 1970.</param>
internal sealed class Keepers(Session session, long registryId, long now)
{
    // Of a manifest m in a repository r.
    private static readonly Sql FindQuarantine = new($"""
        SELECT {RelationalMetadataStore.QuarantinedAt("?2")} FROM manifests m CROSS JOIN repositories r ON r.id = m.repository_id WHERE m.id = ?1
        """);

    // Most registries have nothing of a kind: that is asked once, not of each tag and manifest.
    private readonly Lazy<string?> _resourceLock = new(() => RelationalMetadataStore.FindLockOfRegistry(session, registryId));
    private List<TagRule>? _rules;
    private bool? _hasReports;
    private bool? _setsApart;

    /// <summary>Where it looks.</summary>
    public Session Session => session;

    /// <summary>The lock of the control plane that keeps everything in the registry, or null.</summary>
    public string? ResourceLock => _resourceLock.Value;

    /// <summary>The workload by which a manifest is in use, or null.</summary>
    public string? FindUser(long repositoryId, Digest digest)
    {
        _hasReports ??= RelationalMetadataStore.HasReports(session, now, registryId);
        return _hasReports.Value ? RelationalMetadataStore.FindReportedUse(session, now, registryId, repositoryId, digest) : null;
    }

    /// <summary>Whether a manifest is set apart: what is looked into must not go meanwhile.</summary>
    public bool IsQuarantined(long manifestId)
    {
        _setsApart ??= RelationalMetadataStore.SetsApart(session, registryId);
        if (!_setsApart.Value) return false;
        using var row = session.Use(FindQuarantine).Bind(manifestId).Bind(now);
        return row.Step() && row.Bool(0);
    }

    /// <summary>What keeps a tag whatever is decided about the manifest: a lock of the registry, a rule that lets nobody remove it, its use, or that it is a signature of something that is there.</summary>
    public (LifecycleReason Reason, string? Holder) OfTag(long repositoryId, string repository, string tag, Digest digest)
    {
        if (ResourceLock is { } held) return (LifecycleReason.ResourceLocked, held);
        if (FindWriteOnce(repository, tag) is { } rule) return (LifecycleReason.WriteOnce, rule);
        if (FindUser(repositoryId, digest) is { } user) return (LifecycleReason.InUse, user);
        return SignatureTag.SubjectOf(tag) is { IsDefault: false } subject && Departures.Exists(session, repositoryId, subject)
            ? (LifecycleReason.ReferrerOfKept, subject.ToString())
            : default;
    }

    /// <summary>The rule that lets nobody remove a tag, or null.</summary>
    public string? FindWriteOnce(string repository, string tag)
    {
        _rules ??= RelationalMetadataStore.ReadTagRules(session, registryId);
        if (_rules.Count == 0) return null;
        return RelationalMetadataStore.FindWriteOnce(_rules, RepositoryName.Parse(repository), tag) is { IsDeletable: false } writeOnce ? writeOnce.Rule : null;
    }
}

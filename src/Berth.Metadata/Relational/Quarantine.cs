using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>How content is set apart from those who pull, and how that ends.</summary>
public sealed partial class RelationalMetadataStore
{
    private static readonly Sql ListQuarantinedDigests = new("""
        SELECT digest, value, until FROM security_facts INDEXED BY security_facts_quarantine
        WHERE registry_id = ?1 AND digest > ?2 AND kind = 'quarantine' ORDER BY digest LIMIT ?3
        """);

    private static readonly Sql ListQuarantinedRepositories = new("""
        SELECT name, quarantine, quarantine_until FROM repositories INDEXED BY repositories_quarantined
        WHERE registry_id = ?1 AND name > ?2 AND quarantine IS NOT NULL ORDER BY name LIMIT ?3
        """);

    private static readonly Sql UpsertQuarantine = new("""
        INSERT INTO security_facts (registry_id, digest, kind, value, hybrid_time, region, until)
        VALUES (?1, ?2, 'quarantine', ?3, ?4, (SELECT region FROM installation), ?5)
        ON CONFLICT (registry_id, digest, kind) DO UPDATE SET value = excluded.value, hybrid_time = excluded.hybrid_time, region = excluded.region, until = excluded.until
        """);

    private static readonly Sql DeleteQuarantine = new("DELETE FROM security_facts WHERE registry_id = ?1 AND digest = ?2 AND kind = 'quarantine'");

    private static readonly Sql FindQuarantineTime = new("SELECT hybrid_time, until FROM security_facts WHERE registry_id = ?1 AND digest = ?2 AND kind = 'quarantine'");

    // A registry that sets apart what is pushed, and content that it does not know: nothing was said of it, and no repository has it.
    private static readonly Sql SetsApartPush = new("""
        SELECT 1 FROM registries g WHERE g.id = ?1 AND g.quarantine_pushes = 1
            AND NOT EXISTS (
                SELECT 1 FROM security_facts f
                WHERE f.registry_id = ?1 AND f.digest = ?2 AND f.kind = 'quarantine' AND (f.until IS NULL OR f.until > ?3 OR f.until = 0))
            AND NOT EXISTS (
                SELECT 1 FROM manifests m INDEXED BY manifests_by_digest CROSS JOIN repositories r ON r.id = m.repository_id
                WHERE m.digest = ?2 AND m.deleted_at IS NULL AND r.registry_id = ?1)
        """);

    private static readonly Quarantine Unseen = new(QuarantineState.Quarantined, "It was pushed under the registry's quarantine policy, and nobody has said that it passed", null);

    private static readonly Sql SetRepositoryQuarantine = new("UPDATE repositories SET quarantine = ?2, quarantine_until = ?3 WHERE id = ?1");

    /// <inheritdoc/>
    public ValueTask<Page<QuarantinedDigest>> ListQuarantinedDigestsAsync(long registryId, Digest after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, after, limit, Now: NowMilliseconds),
            static (reader, list) =>
            {
                using var rows = reader.Use(ListQuarantinedDigests).Bind(list.registryId);
                _ = list.after.IsDefault ? rows.Bind(BeforeDigests) : rows.Bind(list.after);
                rows.Bind(ListedRows.Most(list.limit) + 1);
                return ListedRows.ReadPage(
                    rows, onRow: false, list.limit, list.after.IsDefault ? null : list.after.ToString(),
                    row => (row.Digest(0).ToString(), Stands(row.Int64OrNull(2), list.Now) ? new QuarantinedDigest(row.Digest(0), QuarantineText.Read(row.Text(1), row.TimeOrNull(2))) : null));
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<QuarantinedRepository>> ListQuarantinedRepositoriesAsync(
        long registryId, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, after, limit, Now: NowMilliseconds),
            static (reader, list) =>
            {
                using var rows = reader.Use(ListQuarantinedRepositories).Bind(list.registryId).Bind(list.after ?? "").Bind(ListedRows.Most(list.limit) + 1);
                return ListedRows.ReadPage(
                    rows, onRow: false, list.limit, list.after,
                    row => (row.Text(0), Stands(row.Int64OrNull(2), list.Now)
                        ? new QuarantinedRepository(RepositoryName.Parse(row.Text(0)), QuarantineText.Read(row.Text(1), row.TimeOrNull(2)))
                        : null));
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<Quarantine> QuarantineDigestAsync(
        long registryId, RepositoryName? repository, Digest digest, Quarantine quarantine, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            var standing = ReadQuarantine(scope.Session, registryId, digest);
            if (standing is not null && IsSame(standing, quarantine)) return standing;

            RecordQuarantine(scope, registryId, repository, digest, quarantine, caller);
            return ReadQuarantine(scope.Session, registryId, digest)!;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> EndQuarantineAsync(long registryId, Digest digest, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (TimeOf(scope, registryId, digest) is not { } standing) return false;

            // One that is over is forgotten on the way, and nobody ended it.
            scope.Use(DeleteQuarantine).Bind(registryId).Bind(digest).Tell();
            if (!Stands(standing.Until, scope.Now)) return false;
            scope.Append(new LedgerEntry(LedgerKinds.ManifestReleased, registryId, Digest: digest), caller, standing.HybridTime);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<Quarantine?> QuarantineRepositoryAsync(
        long registryId, RepositoryName repository, Quarantine quarantine, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (FindRepositoryRow(scope, registryId, repository) is not { } row) return null;
            if (ReadRepositoryQuarantine(scope, registryId, repository) is { Standing: { } standing } && IsSame(standing, quarantine)) return standing;

            scope.Use(SetRepositoryQuarantine).Bind(row.Id).Bind(QuarantineText.Write(quarantine, caller.Name, scope.Now)).Bind(QuarantineText.End(quarantine)).Tell();
            scope.Append(new LedgerEntry(LedgerKinds.RepositoryQuarantined, registryId, repository.Value, Payload: FactsOf(quarantine)), caller);
            return ReadRepositoryQuarantine(scope, registryId, repository).Standing;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> EndQuarantineAsync(long registryId, RepositoryName repository, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            var (standing, until) = ReadRepositoryQuarantine(scope, registryId, repository);
            if (standing is null || FindRepositoryRow(scope, registryId, repository) is not { } row) return false;

            scope.Use(SetRepositoryQuarantine).Bind(row.Id).Bind((string?)null).Bind((long?)null).Tell();
            if (!Stands(until, scope.Now)) return false;
            scope.Append(new LedgerEntry(LedgerKinds.RepositoryReleased, registryId, repository.Value), caller);
            return true;
        },
        cancellationToken);

    private static void RecordQuarantine(WriteScope scope, long registryId, RepositoryName? repository, Digest digest, Quarantine quarantine, Caller caller)
    {
        var entry = new LedgerEntry(LedgerKinds.ManifestQuarantined, registryId, repository?.Value, Digest: digest, Payload: FactsOf(quarantine));
        var hybridTime = scope.Append(entry, caller, TimeOf(scope, registryId, digest)?.HybridTime ?? 0);
        scope.Use(UpsertQuarantine).Bind(registryId).Bind(digest).Bind(QuarantineText.Write(quarantine, caller.Name, scope.Now)).Bind(hybridTime)
            .Bind(QuarantineText.End(quarantine)).Tell();
    }

    /// <summary>Whether a push of a manifest that the repository does not have sets it apart. Signatures and other attachments say something of what is looked at, and are not looked at.</summary>
    private static Statement? AskSetApartByPush(WriteScope scope, NewManifest manifest)
    {
        if (ManifestDescription.IsAttachment(manifest.Manifest)) return null;
        return scope.Use(SetsApartPush).Bind(manifest.RegistryId).Bind(manifest.Digest).Bind(scope.Now).Ask();
    }

    private static (Quarantine? Standing, long? Until) ReadRepositoryQuarantine(WriteScope scope, long registryId, RepositoryName repository)
    {
        using var row = scope.Use(FindRepositoryQuarantine).Bind(registryId).Bind(repository.Value);
        return row.Step() && !row.IsNull(0) ? (QuarantineText.Read(row.Text(0), row.TimeOrNull(1)), row.Int64OrNull(1)) : default;
    }

    private static (long HybridTime, long? Until)? TimeOf(WriteScope scope, long registryId, Digest digest)
    {
        using var row = scope.Use(FindQuarantineTime).Bind(registryId).Bind(digest);
        return row.Step() ? (row.Int64(0), row.Int64OrNull(1)) : null;
    }

    private static bool IsSame(Quarantine standing, Quarantine wanted) =>
        (standing.State, standing.Reason, standing.Until, standing.Details) == (wanted.State, wanted.Reason, wanted.Until, wanted.Details);

    private static string FactsOf(Quarantine quarantine) => JsonText.Facts(
        ("state", quarantine.State.ToString()), ("reason", quarantine.Reason),
        ("until", quarantine.Until?.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture)));
}

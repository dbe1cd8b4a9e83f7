using Berth.Oci;

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql FindRepositoryRecord = new("""
        SELECT r.created_at, r.anonymous_pull, r.locks, r.owner, r.contact, r.description,
            COALESCE(u.manifests, 0), COALESCE(u.tags, 0), COALESCE(u.bytes, 0), COALESCE(u.blobs, 0),
            COALESCE((SELECT t.updated_at FROM tags t WHERE t.repository_id = r.id ORDER BY t.updated_at DESC LIMIT 1), r.created_at)
        FROM repositories r LEFT JOIN usage u ON u.registry_id = r.registry_id AND u.repository_id = r.id
        WHERE r.registry_id = ?1 AND r.name = ?2 AND r.listed = 1
        """);

    private static readonly Sql FindSettings = new("SELECT anonymous_pull, locks, owner, contact, description, locks_time FROM repositories WHERE id = ?1");

    private static readonly Sql SetSettings = new("""
        UPDATE repositories SET anonymous_pull = ?2, locks = ?3, owner = ?4, contact = ?5, description = ?6 WHERE id = ?1
        """);

    private static readonly Sql SetRepositoryLocksTime = new("""
        UPDATE repositories SET locks_time = ?2, locks_region = (SELECT region FROM installation) WHERE id = ?1
        """);

    /// <inheritdoc/>
    public ValueTask<RepositoryRecord?> FindRepositoryAsync(long registryId, RepositoryName repository, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, repository),
            static (reader, of) =>
            {
                using var row = reader.Use(FindRepositoryRecord).Bind(of.registryId).Bind(of.repository.Value);
                if (!row.Step()) return null;
                return new RepositoryRecord(of.repository, row.Time(0), row.Time(10), row.Int64(6), row.Int64(7), row.Bool(1), (Locks)row.Int64(2))
                {
                    Bytes = row.Int64(8),
                    Blobs = row.Int64(9),
                    Owner = row.TextOrNull(3),
                    Contact = row.TextOrNull(4),
                    Description = row.TextOrNull(5),
                };
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<bool> UpdateRepositoryAsync(
        long registryId, RepositoryName repository, RepositoryChanges changes, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (FindRepositoryRow(scope, registryId, repository) is not { Listed: true } row) return false;

            var (standing, time) = ReadSettings(scope, row.Id);
            var wanted = new RepositorySettings(
                changes.AnonymousPull ?? standing.AnonymousPull, changes.Locks.Apply(standing.Locks), Apply(changes.Owner, standing.Owner),
                Apply(changes.Contact, standing.Contact), Apply(changes.Description, standing.Description));
            ApplySettings(scope, registryId, repository, row.Id, standing, wanted, time, caller);
            return true;

            static string? Apply(string? change, string? text) => change is null ? text : change.Length == 0 ? null : change;
        },
        cancellationToken);

    /// <summary>Gives a repository the settings of a new one.</summary>
    private static void ResetSettings(WriteScope scope, long registryId, RepositoryName repository, long repositoryId, Caller caller)
    {
        var (standing, time) = ReadSettings(scope, repositoryId);
        ApplySettings(scope, registryId, repository, repositoryId, standing, default, time, caller);
    }

    private static (RepositorySettings Settings, long LocksTime) ReadSettings(WriteScope scope, long repositoryId)
    {
        using var row = scope.Use(FindSettings).Bind(repositoryId);
        row.Step();
        return (new RepositorySettings(row.Bool(0), (Locks)row.Int64(1), row.TextOrNull(2), row.TextOrNull(3), row.TextOrNull(4)), row.Int64(5));
    }

    private static void ApplySettings(
        WriteScope scope, long registryId, RepositoryName repository, long repositoryId, RepositorySettings standing, RepositorySettings wanted, long locksTime,
        Caller caller)
    {
        if (wanted == standing) return;

        if (wanted.AnonymousPull != standing.AnonymousPull) RaiseRegistry(scope, registryId);
        scope.Use(SetSettings).Bind(repositoryId).Bind(wanted.AnonymousPull).Bind((long)wanted.Locks).Bind(wanted.Owner).Bind(wanted.Contact)
            .Bind(wanted.Description).Tell();
        var payload = JsonText.Facts(
            ("anonymousPull", wanted.AnonymousPull == standing.AnonymousPull ? null : wanted.AnonymousPull ? "true" : "false"),
            ("locks", wanted.Locks == standing.Locks ? null : wanted.Locks.ToString()),
            ("owner", wanted.Owner == standing.Owner ? null : wanted.Owner ?? ""),
            ("contact", wanted.Contact == standing.Contact ? null : wanted.Contact ?? ""),
            ("description", wanted.Description == standing.Description ? null : wanted.Description ?? ""));
        var hybridTime = scope.Append(new LedgerEntry(LedgerKinds.RepositoryChanged, registryId, repository.Value, Payload: payload), caller, locksTime);
        if (wanted.Locks != standing.Locks) scope.Use(SetRepositoryLocksTime).Bind(repositoryId).Bind(hybridTime).Tell();
    }

    /// <summary>What can be set about a repository.</summary>
    private readonly record struct RepositorySettings(bool AnonymousPull, Locks Locks, string? Owner, string? Contact, string? Description);
}

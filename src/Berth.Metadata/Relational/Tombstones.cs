namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql DeleteTombstone = new("""
        DELETE FROM tombstones WHERE repository_id = ?1 AND kind = ?2 AND name = ?3 RETURNING hybrid_time
        """);

    private static readonly Sql UpsertTombstone = new("""
        INSERT INTO tombstones (repository_id, kind, name, hybrid_time, region, created_at, updated_at)
        VALUES (?1, ?2, ?3, ?4, (SELECT region FROM installation), ?5, ?6)
        ON CONFLICT (repository_id, kind, name) DO UPDATE SET hybrid_time = excluded.hybrid_time, region = excluded.region, created_at = excluded.created_at,
            updated_at = excluded.updated_at
        """);

    /// <summary>Removes the tombstone of what comes back; returns its hybrid time, or 0 when there was none.</summary>
    private static long TakeTombstone(WriteScope scope, long repositoryId, TombstoneKind kind, string name)
    {
        using var row = scope.Use(DeleteTombstone).Bind(repositoryId).Bind((long)kind).Bind(name);
        return row.Step() ? row.Int64(0) : 0;
    }

    /// <summary>Remembers a deletion, and the place in lists by time of what was deleted.</summary>
    private static void SetTombstone(WriteScope scope, long repositoryId, TombstoneKind kind, string name, long hybridTime, long updatedAt) =>
        scope.Use(UpsertTombstone).Bind(repositoryId).Bind((long)kind).Bind(name).Bind(hybridTime).Bind(scope.Now).Bind(updatedAt).Tell();

    /// <summary>What a tombstone stands for. The values are stored.</summary>
    private enum TombstoneKind
    {
        Tag = 1,
        Manifest = 2,
    }
}

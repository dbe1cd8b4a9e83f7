namespace Berth.Metadata.Relational;

/// <summary>What upload sessions have reserved of quotas: it stands in their rows, and ends with them.</summary>
public sealed partial class RelationalMetadataStore
{
    private static readonly Sql SetUploadReserved = new("UPDATE uploads SET reserved = ?2, repository_reserved = ?3 WHERE id = ?1");

    private static readonly Sql IsReserving = new("SELECT 1 FROM uploads WHERE id = ?1 AND (reserved > 0 OR repository_reserved > 0)");

    private static readonly Sql ListIdleReservations = new("""
        SELECT id FROM uploads INDEXED BY uploads_reserving
        WHERE progress_at <= ?1 AND state < 2 AND (reserved > 0 OR repository_reserved > 0) AND (writer_until IS NULL OR writer_until <= ?2 OR (writer_node IS DISTINCT FROM ?3 AND ?3 IS NOT NULL))
        ORDER BY progress_at LIMIT ?4
        """);

    /// <inheritdoc/>
    public Task<int> ReleaseIdleReservationsAsync(TimeSpan idleFor, int limit, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            var idle = new List<string>();
            using (var rows = scope.Use(ListIdleReservations).Bind(scope.Now - (long)idleFor.TotalMilliseconds).Bind(scope.Now).Bind(_onlyWriterNode).Bind(limit))
            {
                while (rows.Step()) idle.Add(rows.Text(0));
            }

            foreach (var id in idle) SetReserved(scope, FindUpload(scope.Session, id)!, 0, 0);
            return idle.Count;
        },
        cancellationToken);

    /// <summary>The session, if it has reserved something.</summary>
    private static UploadRecord? FindReserving(WriteScope scope, string id)
    {
        using (var row = scope.Use(IsReserving).Bind(id))
        {
            if (!row.Step()) return null;
        }

        return FindUpload(scope.Session, id);
    }

    /// <summary>Gives back what a session had reserved that is open no more.</summary>
    private static void Release(WriteScope scope, UploadRecord ended)
    {
        scope.AddReserved(ended.RegistryId, 0, -ended.Reserved);
        scope.AddReserved(ended.RegistryId, ended.RepositoryId, -ended.RepositoryReserved);
    }

    /// <summary>Gives back what an open session has reserved beyond the bytes that it holds.</summary>
    private static void TrimReserved(WriteScope scope, UploadRecord upload)
    {
        if (upload.Reserved <= upload.Offset && upload.RepositoryReserved <= upload.Offset) return;
        SetReserved(scope, upload, Math.Min(upload.Reserved, upload.Offset), Math.Min(upload.RepositoryReserved, upload.Offset));
    }

    private static void SetReserved(WriteScope scope, UploadRecord upload, long ofRegistry, long ofRepository)
    {
        if ((ofRegistry, ofRepository) == (upload.Reserved, upload.RepositoryReserved)) return;
        scope.Use(SetUploadReserved).Bind(upload.Id).Bind(ofRegistry).Bind(ofRepository).Tell();
        scope.AddReserved(upload.RegistryId, 0, ofRegistry - upload.Reserved);
        scope.AddReserved(upload.RegistryId, upload.RepositoryId, ofRepository - upload.RepositoryReserved);
    }
}

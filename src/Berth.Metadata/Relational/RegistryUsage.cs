namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql ReadUsage = new("""
        SELECT COALESCE((SELECT bytes FROM usage WHERE registry_id = ?1 AND repository_id = 0), 0),
            (SELECT count(*) FROM (SELECT 1 FROM scope_maps WHERE registry_id = ?1 LIMIT ?2) known),
            (SELECT count(*) FROM (SELECT 1 FROM registry_tokens WHERE registry_id = ?1 LIMIT ?2) known),
            (SELECT quota FROM registries WHERE id = ?1)
        """);

    /// <inheritdoc/>
    public ValueTask<RegistryUsage> ReadRegistryUsageAsync(long registryId, CancellationToken cancellationToken) => ReadAsync(
        registryId,
        static (reader, registryId) =>
        {
            using var row = reader.Use(ReadUsage).Bind(registryId).Bind((long)IRegistryUsage.MostCounted);
            row.Step();
            return new RegistryUsage(row.Int64(0), row.Int64(1), row.Int64(2)) { Quota = row.Int64OrNull(3) };
        },
        cancellationToken);
}

namespace Berth.Metadata.Sqlite;

public sealed partial class SqliteMetadataStore
{
    /// <inheritdoc/>
    public Task SnapshotAsync(string path, CancellationToken cancellationToken) => SqliteSnapshot.CopyAsync(_options, path, cancellationToken);
}

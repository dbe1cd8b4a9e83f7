using Berth.Metadata.Sqlite.Engine;
using Berth.Oci;

namespace Berth.Metadata.Sqlite;

public sealed partial class SqliteMetadataStore
{
    /// <summary>The workload that reports a manifest, what lists it or what it lists as running; null while nobody reports what runs.</summary>
    internal static string? FindUser(Session session, long registryId, long repositoryId, Digest digest)
    {
        _ = (session, registryId, repositoryId, digest);
        return null;
    }
}

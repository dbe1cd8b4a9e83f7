using Berth.Metadata;
using Berth.Metadata.Sqlite;
using Berth.Oci;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Conformance.Metadata;

public sealed class SqliteUploads : UploadsSuite<SqliteDatabase>;

public sealed class SqliteBlobs : BlobsSuite<SqliteDatabase>;

public sealed class SqliteManifests : ManifestsSuite<SqliteDatabase>;

public sealed class SqliteManifestDeletion : ManifestDeletionSuite<SqliteDatabase>;

public sealed class SqliteLists : ListsSuite<SqliteDatabase>;

public sealed class SqliteGarbage : GarbageSuite<SqliteDatabase>;

public sealed class SqliteLedger : LedgerSuite<SqliteDatabase>;

public sealed class SqliteModel : ModelSuite<SqliteDatabase>;

public sealed class SqliteInstallation : InstallationSuite<SqliteDatabase>;

public sealed class SqliteMaintenance : MaintenanceSuite<SqliteDatabase>
{
    protected override async Task<IMetadataStore> OpenCopyAsync(string path) => await SqliteMetadataStore.OpenAsync(
        new SqliteOptions { Path = path }, TimeProvider.System, NoSteps.Instance, NullLogger<SqliteMetadataStore>.Instance, Token);
}

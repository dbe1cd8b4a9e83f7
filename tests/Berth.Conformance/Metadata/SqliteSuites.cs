namespace Berth.Conformance.Metadata;

public sealed class SqliteUploads : UploadsSuite<SqliteDatabase>
{
    [Fact]
    public async Task A_writer_of_an_earlier_process_is_dead()
    {
        var upload = await OpenAsync(App, writing: true);

        await ReopenAsync();

        Assert.Equal(2, (await Store.AcquireUploadAsync(upload.Id, 1, Now.AddMinutes(1), Token))!.Epoch);
    }
}

public sealed class SqliteWholeUploads : WholeUploadsSuite<SqliteDatabase>;

public sealed class SqliteBlobs : BlobsSuite<SqliteDatabase>;

public sealed class SqliteManifests : ManifestsSuite<SqliteDatabase>;

public sealed class SqliteManifestDeletion : ManifestDeletionSuite<SqliteDatabase>;

public sealed class SqliteDeletedContent : DeletedContentSuite<SqliteDatabase>;

public sealed class SqliteRestore : RestoreSuite<SqliteDatabase>;

public sealed class SqliteDeletedExpiry : DeletedExpirySuite<SqliteDatabase>;

public sealed class SqliteRetention : RetentionSuite<SqliteDatabase>;

public sealed class SqliteLifecycleRuns : LifecycleRunsSuite<SqliteDatabase>;

public sealed class SqliteWorkloads : WorkloadsSuite<SqliteDatabase>;

public sealed class SqliteLists : ListsSuite<SqliteDatabase>;

public sealed class SqliteRepositories : RepositoriesSuite<SqliteDatabase>;

public sealed class SqliteArtifacts : ArtifactsSuite<SqliteDatabase>;

public sealed class SqliteWriteOnce : WriteOnceSuite<SqliteDatabase>;

public sealed class SqliteQuarantine : QuarantineSuite<SqliteDatabase>;

public sealed class SqliteLocks : LocksSuite<SqliteDatabase>;

public sealed class SqliteLeases : LeasesSuite<SqliteDatabase>;

public sealed class SqliteGarbage : GarbageSuite<SqliteDatabase>;

public sealed class SqliteLedger : LedgerSuite<SqliteDatabase>;

public sealed class SqliteLedgerReaders : LedgerReadersSuite<SqliteDatabase>;

public sealed class SqliteUsage : UsageSuite<SqliteDatabase>;

public sealed class SqliteQuotas : QuotasSuite<SqliteDatabase>;

public sealed class SqliteUsagePlay : UsagePlaySuite<SqliteDatabase>;

public sealed class SqliteModel : ModelSuite<SqliteDatabase>;

public sealed class SqliteInstallation : InstallationSuite<SqliteDatabase>;

public sealed class SqliteRegistries : RegistriesSuite<SqliteDatabase>;

public sealed class SqliteDeletedRegistries : DeletedRegistriesSuite<SqliteDatabase>;

public sealed class SqliteResourceTags : ResourceTagsSuite<SqliteDatabase>;

public sealed class SqliteResourceLocks : ResourceLocksSuite<SqliteDatabase>;

public sealed class SqlitePrincipals : PrincipalsSuite<SqliteDatabase>;

public sealed class SqliteCredentials : CredentialsSuite<SqliteDatabase>;

public sealed class SqliteRoles : RolesSuite<SqliteDatabase>;

public sealed class SqliteRegistryTokens : RegistryTokensSuite<SqliteDatabase>;

public sealed class SqliteGrants : GrantsSuite<SqliteDatabase>;

public sealed class SqliteConsumers : ConsumersSuite<SqliteDatabase>;

public sealed class SqliteEpochs : EpochsSuite<SqliteDatabase>;

public sealed class SqliteMaintenance : MaintenanceSuite<SqliteDatabase>;

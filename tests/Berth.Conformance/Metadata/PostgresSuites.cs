namespace Berth.Conformance.Metadata;

public sealed class PostgresUploads : UploadsSuite<PostgresDatabase>;

public sealed class PostgresWholeUploads : WholeUploadsSuite<PostgresDatabase>;

public sealed class PostgresBlobs : BlobsSuite<PostgresDatabase>;

public sealed class PostgresManifests : ManifestsSuite<PostgresDatabase>;

public sealed class PostgresManifestDeletion : ManifestDeletionSuite<PostgresDatabase>;

public sealed class PostgresDeletedContent : DeletedContentSuite<PostgresDatabase>;

public sealed class PostgresRetention : RetentionSuite<PostgresDatabase>;

public sealed class PostgresLifecycleRuns : LifecycleRunsSuite<PostgresDatabase>;

public sealed class PostgresWorkloads : WorkloadsSuite<PostgresDatabase>;

public sealed class PostgresLists : ListsSuite<PostgresDatabase>;

public sealed class PostgresRepositories : RepositoriesSuite<PostgresDatabase>;

public sealed class PostgresArtifacts : ArtifactsSuite<PostgresDatabase>;

public sealed class PostgresWriteOnce : WriteOnceSuite<PostgresDatabase>;

public sealed class PostgresQuarantine : QuarantineSuite<PostgresDatabase>;

public sealed class PostgresLocks : LocksSuite<PostgresDatabase>;

public sealed class PostgresGarbage : GarbageSuite<PostgresDatabase>;

public sealed class PostgresLedger : LedgerSuite<PostgresDatabase>;

public sealed class PostgresUsage : UsageSuite<PostgresDatabase>;

public sealed class PostgresQuotas : QuotasSuite<PostgresDatabase>;

public sealed class PostgresLeases : LeasesSuite<PostgresDatabase>;

public sealed class PostgresLedgerReaders : LedgerReadersSuite<PostgresDatabase>;

public sealed class PostgresUsagePlay : UsagePlaySuite<PostgresDatabase>;

public sealed class PostgresModel : ModelSuite<PostgresDatabase>;

public sealed class PostgresInstallation : InstallationSuite<PostgresDatabase>;

public sealed class PostgresRegistries : RegistriesSuite<PostgresDatabase>;

public sealed class PostgresDeletedRegistries : DeletedRegistriesSuite<PostgresDatabase>;

public sealed class PostgresResourceTags : ResourceTagsSuite<PostgresDatabase>;

public sealed class PostgresResourceLocks : ResourceLocksSuite<PostgresDatabase>;

public sealed class PostgresPrincipals : PrincipalsSuite<PostgresDatabase>;

public sealed class PostgresCredentials : CredentialsSuite<PostgresDatabase>;

public sealed class PostgresRoles : RolesSuite<PostgresDatabase>;

public sealed class PostgresRegistryTokens : RegistryTokensSuite<PostgresDatabase>;

public sealed class PostgresGrants : GrantsSuite<PostgresDatabase>;

public sealed class PostgresConsumers : ConsumersSuite<PostgresDatabase>;

public sealed class PostgresEpochs : EpochsSuite<PostgresDatabase>;

public sealed class PostgresMaintenance : MaintenanceSuite<PostgresDatabase>;

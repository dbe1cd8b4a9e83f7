using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>How quotas are set, and kept: in the transaction that would exceed one, whoever asks for it.</summary>
public sealed partial class RelationalMetadataStore
{
    private const string AnyLimit = "(r.quota IS NOT NULL OR r.soft_quota IS NOT NULL)";

    private static readonly Sql FindLimits = new($"""
        SELECT g.id, g.name, g.quota, g.soft_quota, r.name, r.quota, r.soft_quota
        FROM repositories r CROSS JOIN registries g ON g.id = r.registry_id
        WHERE r.id = ?1 AND (g.quota IS NOT NULL OR g.soft_quota IS NOT NULL OR {AnyLimit})
        """);

    private static readonly Sql FindUsed = new(
        "SELECT bytes, reserved FROM usage WHERE registry_id = ?1 AND repository_id = ?2",
        postgres: """
            SELECT CAST(sum(bytes) AS BIGINT), CAST(sum(reserved) AS BIGINT) FROM (
                SELECT bytes, reserved FROM usage WHERE registry_id = ?1 AND repository_id = ?2
                UNION ALL SELECT bytes, reserved FROM usage_deltas WHERE registry_id = ?1 AND repository_id = ?2) held
            """);

    private static readonly Sql FindRegistryLimits = new("SELECT quota, soft_quota, name FROM registries WHERE id = ?1 AND deleted_at IS NULL");

    private static readonly Sql FindRepositoryLimits = new("SELECT quota, soft_quota FROM repositories WHERE id = ?1");

    private static readonly Sql SetRegistryQuota = new("UPDATE registries SET quota = ?2, soft_quota = ?3 WHERE id = ?1");

    private static readonly Sql SetRepositoryQuota = new("UPDATE repositories SET quota = ?2, soft_quota = ?3 WHERE id = ?1");

    private static readonly Sql PassInRegistry = new("UPDATE registries SET soft_quota_passed_at = ?2, soft_quota_told = 0 WHERE id = ?1");

    private static readonly Sql PassInRepository = new("UPDATE repositories SET soft_quota_passed_at = ?2, soft_quota_told = 0 WHERE id = ?1");

    private static readonly Sql ListLimited = new($"""
        SELECT {RepositoryUsageColumns} FROM repositories r INDEXED BY repositories_limited {JoinUsageOfRepository}
        WHERE r.registry_id = ?1 AND r.name > ?2 AND {AnyLimit} ORDER BY r.name LIMIT ?3
        """);

    private static readonly Sql ListUntoldRegistries = new("""
        SELECT g.id, g.name, 0, NULL, g.soft_quota, COALESCE(u.bytes, 0), g.soft_quota_passed_at FROM registries g INDEXED BY registries_untold
        LEFT JOIN usage u ON u.registry_id = g.id AND u.repository_id = 0 WHERE g.id > 0 AND g.soft_quota_told = 0 LIMIT ?1
        """);

    private static readonly Sql ListUntoldRepositories = new("""
        SELECT g.id, g.name, r.id, r.name, r.soft_quota, COALESCE(u.bytes, 0), r.soft_quota_passed_at FROM repositories r INDEXED BY repositories_untold
        CROSS JOIN registries g ON g.id = r.registry_id
        LEFT JOIN usage u ON u.registry_id = g.id AND u.repository_id = r.id WHERE r.id > 0 AND r.soft_quota_told = 0 LIMIT ?1
        """);

    // One that was passed once more since stays untold.
    private static readonly Sql TellOfRegistry = new("UPDATE registries SET soft_quota_told = 1 WHERE id = ?1 AND soft_quota_passed_at = ?2");

    private static readonly Sql TellOfRepository = new("UPDATE repositories SET soft_quota_told = 1 WHERE id = ?1 AND soft_quota_passed_at = ?2");

    /// <inheritdoc/>
    public Task<bool> SetQuotaAsync(
        long registryId, RepositoryName? repository, QuotaLimits limits, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (ReadRegistryLimits(scope, registryId) is not { } registry) return false;

            var repositoryId = repository is { } named ? EnsureRepository(scope, registryId, named).Id : 0;
            var standing = repositoryId == 0 ? registry.Limits : ReadRepositoryLimits(scope, repositoryId);
            if (standing == limits) return true;

            scope.Use(repositoryId == 0 ? SetRegistryQuota : SetRepositoryQuota).Bind(repositoryId == 0 ? registryId : repositoryId).Bind(limits.Hard).Bind(limits.Soft)
                .Tell();
            var payload = JsonText.Facts(("limit", limits.Hard is { } hard ? Text(hard) : "none"), ("softLimit", limits.Soft is { } soft ? Text(soft) : "none"));
            scope.Append(new LedgerEntry(LedgerKinds.QuotaSet, registryId, repository?.Value, Payload: payload), caller);

            // Who sets a soft limit below what is held passes it by that, unless it was passed before.
            var place = new Limited(registryId, registry.Name, repositoryId, repository?.Value, limits);
            var used = ReadUsed(scope, place).Bytes;
            if (used > limits.Soft && !(used > standing.Soft)) Pass(scope, place, used, caller);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<RepositoryUsage>> ListLimitedRepositoriesAsync(long registryId, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (registryId, after, limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(ListLimited).Bind(list.registryId).Bind(list.after ?? "").Bind(list.limit + 1L);
                return ReadPage(rows, list.limit, ReadRepositoryUsage, static repository => repository.Name);
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<long?> ReserveUploadAsync(string id, long epoch, long needed, long wanted, CancellationToken cancellationToken) => PushAsync<long?>(
        scope =>
        {
            if (FindUpload(scope.Session, id) is not { } upload || upload.Epoch != epoch || upload.State is not (UploadState.Open or UploadState.Completing)) return null;
            if (ReadLimits(scope, upload.RepositoryId) is not { } limits) return long.MaxValue;

            var granted = Math.Min(Room(scope, limits.Registry, upload.Reserved, needed), Room(scope, limits.Repository, upload.RepositoryReserved, needed));
            if (granted == long.MaxValue) return granted;
            granted = Math.Min(granted, wanted);
            SetReserved(
                scope, upload,
                limits.Registry.Limits.Hard is null ? upload.Reserved : Math.Max(granted, upload.Reserved),
                limits.Repository.Limits.Hard is null ? upload.RepositoryReserved : Math.Max(granted, upload.RepositoryReserved));
            return granted;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<PassedSoftLimit>> ListPassedSoftLimitsAsync(int limit, CancellationToken cancellationToken) =>
        ReadAsync<int, IReadOnlyList<PassedSoftLimit>>(
            limit,
            static (reader, limit) =>
            {
                var passed = new List<PassedSoftLimit>();
                using (var rows = reader.Use(ListUntoldRegistries).Bind((long)limit)) AddPassed(rows, passed);
                using (var rows = reader.Use(ListUntoldRepositories).Bind((long)(limit - passed.Count))) AddPassed(rows, passed);
                return passed;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task MarkToldAsync(IReadOnlyList<PassedSoftLimit> passed, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            foreach (var one in passed)
            {
                if (one.RepositoryId == 0) scope.Use(TellOfRegistry).Bind(one.RegistryId).Bind(one.PassedAt).Tell();
                else scope.Use(TellOfRepository).Bind(one.RepositoryId).Bind(one.PassedAt).Tell();
            }

            return true;
        },
        cancellationToken);

    /// <summary>Lets bytes in that were just counted in a repository and its registry, where their quotas have room; records soft limits that they passed.</summary>
    /// <exception cref="QuotaException">One has no room.</exception>
    private static void Charge(WriteScope scope, long repositoryId, long toRepository, long toRegistry, Caller caller)
    {
        if (ReadLimits(scope, repositoryId) is not { } limits) return;
        Charge(scope, limits.Registry, toRegistry, caller);
        Charge(scope, limits.Repository, toRepository, caller);
    }

    private static void Charge(WriteScope scope, Limited place, long added, Caller caller)
    {
        if (added == 0 || !place.Limits.IsAny) return;

        var (bytes, reserved) = ReadUsed(scope, place);
        if (place.Limits.Hard is { } hard && bytes > hard - reserved) throw place.Refuse(bytes - added, reserved, added);
        if (bytes > place.Limits.Soft && bytes - added <= place.Limits.Soft) Pass(scope, place, bytes, caller);
    }

    /// <summary>Up to which offset an upload may grow that has reserved so much.</summary>
    /// <exception cref="QuotaException">That is not what it needs.</exception>
    private static long Room(WriteScope scope, Limited place, long own, long needed)
    {
        if (place.Limits.Hard is not { } hard) return long.MaxValue;

        var (bytes, reserved) = ReadUsed(scope, place);
        var room = hard - bytes - (reserved - own);
        return room >= needed ? room : throw place.Refuse(bytes, reserved - own, needed);
    }

    /// <summary>What an upload has to reserve that says how long it will be, where something limits it: of the registry's quota, and of the repository's.</summary>
    /// <exception cref="QuotaException">There is no room.</exception>
    private static (long OfRegistry, long OfRepository) ReadDemand(WriteScope scope, NewUpload upload, long repositoryId)
    {
        if (upload.Declared == 0 || ReadLimits(scope, repositoryId) is not { } limits) return default;

        // What is there already takes no more room; who says the wrong digest stores nothing. What is only where the caller may not read is as if it were not there: room for it would
        // say that it is.
        var isOwn = !upload.Expected.IsDefault && HasMember(scope, repositoryId, upload.Expected);
        var ofRegistry = isOwn || limits.Registry.Limits.Hard is null || IsReadable(scope, upload) ? 0 : upload.Declared;
        var ofRepository = isOwn ? 0 : upload.Declared;
        if (ofRegistry > 0 && Room(scope, limits.Registry, 0, ofRegistry) == long.MaxValue) ofRegistry = 0;
        if (ofRepository > 0 && Room(scope, limits.Repository, 0, ofRepository) == long.MaxValue) ofRepository = 0;
        return (ofRegistry, ofRepository);
    }

    private static bool HasMember(WriteScope scope, long repositoryId, Digest digest)
    {
        using var row = scope.Use(FindMembership).Bind(repositoryId).Bind(digest);
        return row.Step();
    }

    private static bool IsReadable(WriteScope scope, NewUpload upload) =>
        !upload.Expected.IsDefault && FindHolder(scope, upload.RegistryId, upload.Repository, upload.Expected, upload.Readable) is not null;

    private static void Pass(WriteScope scope, Limited place, long bytes, Caller caller)
    {
        scope.Use(place.RepositoryId == 0 ? PassInRegistry : PassInRepository).Bind(place.RepositoryId == 0 ? place.RegistryId : place.RepositoryId).Bind(scope.Now).Tell();
        var payload = JsonText.Facts(("softLimit", Text(place.Limits.Soft ?? 0)), ("bytes", Text(bytes)));
        scope.Append(new LedgerEntry(LedgerKinds.SoftLimitPassed, place.RegistryId, place.Repository, Payload: payload), caller);
    }

    private static (Limited Registry, Limited Repository)? ReadLimits(WriteScope scope, long repositoryId)
    {
        using var row = scope.Use(FindLimits).Bind(repositoryId);
        if (!row.Step()) return null;
        var (id, name) = (row.Int64(0), row.Text(1));
        return (
            new Limited(id, name, 0, null, new QuotaLimits(row.Int64OrNull(2), row.Int64OrNull(3))),
            new Limited(id, name, repositoryId, row.Text(4), new QuotaLimits(row.Int64OrNull(5), row.Int64OrNull(6))));
    }

    private static (QuotaLimits Limits, string Name)? ReadRegistryLimits(WriteScope scope, long registryId)
    {
        using var row = scope.Use(FindRegistryLimits).Bind(registryId);
        return row.Step() ? (new QuotaLimits(row.Int64OrNull(0), row.Int64OrNull(1)), row.Text(2)) : null;
    }

    private static QuotaLimits ReadRepositoryLimits(WriteScope scope, long repositoryId)
    {
        using var row = scope.Use(FindRepositoryLimits).Bind(repositoryId);
        return row.Step() ? new QuotaLimits(row.Int64OrNull(0), row.Int64OrNull(1)) : default;
    }

    private static (long Bytes, long Reserved) ReadUsed(WriteScope scope, Limited place)
    {
        using var row = scope.Use(FindUsed).Bind(place.RegistryId).Bind(place.RepositoryId);
        return row.Step() ? (row.Int64(0), row.Int64(1)) : default;
    }

    private static void AddPassed(Statement rows, List<PassedSoftLimit> passed)
    {
        while (rows.Step())
            passed.Add(new PassedSoftLimit(rows.Int64(0), rows.Text(1), rows.Int64(2), rows.TextOrNull(3), rows.Int64OrNull(4), rows.Int64(5), rows.Time(6)));
    }

    private static string Text(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>A registry (repository 0) or a repository with its limits.</summary>
    private readonly record struct Limited(long RegistryId, string Registry, long RepositoryId, string? Repository, QuotaLimits Limits)
    {
        public QuotaException Refuse(long used, long reserved, long wanted) => new(new StandingQuota(Registry, Repository, Limits.Hard ?? 0, used, reserved, wanted));
    }
}

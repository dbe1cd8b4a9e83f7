using Berth.Oci;

namespace Berth.Metadata;

/// <summary>The limits of a registry or a repository.</summary>
/// <param name="Hard">The bytes that it may hold; null for any number.</param>
/// <param name="Soft">The bytes from which on somebody is told; null for nobody.</param>
public readonly record struct QuotaLimits(long? Hard, long? Soft)
{
    /// <summary>Whether there is one.</summary>
    public bool IsAny => Hard is not null || Soft is not null;
}

/// <summary>What a registry or a repository holds. Of a deleted manifest that can be restored the bytes alone count.</summary>
/// <param name="Bytes">The size of blobs and manifests; in a registry a blob counts once, however many of its repositories hold it.</param>
/// <param name="Blobs">How many blobs.</param>
/// <param name="Manifests">How many manifests.</param>
/// <param name="Tags">How many tags.</param>
public sealed record UsageFigures(long Bytes, long Blobs, long Manifests, long Tags)
{
    /// <summary>The bytes that open upload sessions have reserved of the hard limit.</summary>
    public long Reserved { get; init; }

    /// <summary>Its limits.</summary>
    public QuotaLimits Limits { get; init; }

    /// <summary>When the soft limit was passed; null while less is held.</summary>
    public DateTimeOffset? SoftLimitPassedAt { get; init; }
}

/// <summary>What a repository holds.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Figures">The figures.</param>
/// <param name="UniqueBytes">Of the bytes those that no other repository of the registry holds.</param>
/// <param name="Owner">Who answers for it, or null.</param>
public sealed record RepositoryUsage(string Name, UsageFigures Figures, long UniqueBytes, string? Owner);

/// <summary>What the repositories of one owner hold together: their figures are added up, so that a blob that two of them hold counts in both.</summary>
/// <param name="Owner">Who answers for them; null for those without an owner.</param>
/// <param name="Figures">The figures, without limits.</param>
/// <param name="UniqueBytes">Of the bytes those that only one repository of the registry holds.</param>
public sealed record OwnerUsage(string? Owner, UsageFigures Figures, long UniqueBytes);

/// <summary>What a registry holds, for lists of all registries.</summary>
/// <param name="Id">Its row.</param>
/// <param name="Name">Its name.</param>
/// <param name="Figures">The figures, without limits.</param>
public sealed record RegistryTotals(long Id, string Name, UsageFigures Figures);

/// <summary>What a registry or a repository held on a day.</summary>
/// <param name="Day">The day, in UTC.</param>
/// <param name="Figures">The figures, without limits.</param>
public sealed record UsageSample(DateOnly Day, UsageFigures Figures);

/// <summary>What chosen manifests hold.</summary>
/// <param name="Manifests">How many they are, those that came with them included.</param>
/// <param name="Blobs">How many blobs they name that the repository has.</param>
/// <param name="Bytes">The size of both.</param>
/// <param name="UniqueBytes">Of it what nothing else in the repository names: what their deletion would take from the repository's usage.</param>
/// <param name="FreedBytes">Of that what no other repository of the registry holds: what their deletion would take from the registry's usage.</param>
/// <param name="Children">How many manifests came with chosen indexes.</param>
/// <param name="KeptChildren">How many manifests chosen indexes list that are not among them, because a tag or another index names them.</param>
public sealed record ImageUsage(long Manifests, long Blobs, long Bytes, long UniqueBytes, long FreedBytes, long Children, long KeptChildren);

/// <summary>The answer to a question about chosen manifests.</summary>
/// <param name="Usage">What they hold; null where that was not worked out.</param>
/// <param name="Missing">The first that the repository does not have; default for none.</param>
/// <param name="HasRepository">Whether there is such a repository.</param>
public sealed record ImageUsageResult(ImageUsage? Usage, Digest Missing = default, bool HasRepository = true)
{
    /// <summary>The answer for more manifests than one question may be about.</summary>
    public static ImageUsageResult TooMany { get; } = new(Usage: null);
}

/// <summary>A soft limit that was passed.</summary>
/// <param name="RegistryId">The registry.</param>
/// <param name="Registry">The registry's name.</param>
/// <param name="RepositoryId">The repository, or 0 for the limit of the registry.</param>
/// <param name="Repository">The repository's name, or null.</param>
/// <param name="Limit">The limit; null when it is no more.</param>
/// <param name="Bytes">What is held now.</param>
/// <param name="PassedAt">When it was passed.</param>
public sealed record PassedSoftLimit(long RegistryId, string Registry, long RepositoryId, string? Repository, long? Limit, long Bytes, DateTimeOffset PassedAt);

/// <summary>A hard limit that stands in the way.</summary>
/// <param name="Registry">The registry's name.</param>
/// <param name="Repository">The repository whose limit it is; null for the registry's.</param>
/// <param name="Limit">The bytes that may be held.</param>
/// <param name="Used">The bytes that are held.</param>
/// <param name="Reserved">The bytes that other upload sessions have reserved.</param>
/// <param name="Wanted">The bytes that would be added.</param>
public sealed record StandingQuota(string Registry, string? Repository, long Limit, long Used, long Reserved, long Wanted);

/// <summary>Figures of usage that are not what a recount finds.</summary>
/// <param name="Registry">The registry's name; null for the installation.</param>
/// <param name="Repository">The repository's name; null for the registry as a whole.</param>
/// <param name="Kept">What is kept, in words.</param>
/// <param name="Counted">What was counted, in words.</param>
public sealed record UsageDifference(string? Registry, string? Repository, string Kept, string Counted)
{
    /// <summary>Whose figures they are.</summary>
    public string Place => Registry is null ? "the installation" : Repository is null ? Registry : $"{Registry}/{Repository}";
}

using System.Globalization;
using System.Text.Json;
using Berth.Metadata;

namespace Berth.Registry.Lifecycle.Usage;

/// <summary>How figures of usage and limits are written.</summary>
internal static class UsageJson
{
    /// <summary>Writes what is held.</summary>
    public static void WriteHeld(Utf8JsonWriter json, UsageFigures figures)
    {
        json.WriteNumber("bytes"u8, figures.Bytes);
        json.WriteNumber("blobs"u8, figures.Blobs);
        json.WriteNumber("manifests"u8, figures.Manifests);
        json.WriteNumber("tags"u8, figures.Tags);
    }

    /// <summary>Writes the limits, and what is reserved of them.</summary>
    public static void WriteLimits(Utf8JsonWriter json, UsageFigures figures)
    {
        json.WriteNumber("reservedBytes"u8, figures.Reserved);
        WriteNumber(json, "limit", figures.Limits.Hard);
        WriteNumber(json, "softLimit", figures.Limits.Soft);
        if (figures.SoftLimitPassedAt is { } at) json.WriteString("softLimitPassedAt"u8, at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
    }

    /// <summary>Writes what a repository holds, and its limits.</summary>
    public static void Write(Utf8JsonWriter json, RepositoryUsage repository)
    {
        json.WriteString("repository"u8, repository.Name);
        WriteHeld(json, repository.Figures);
        json.WriteNumber("uniqueBytes"u8, repository.UniqueBytes);
        json.WriteNumber("sharedBytes"u8, repository.Figures.Bytes - repository.UniqueBytes);
        if (repository.Owner is null) json.WriteNull("owner"u8);
        else json.WriteString("owner"u8, repository.Owner);
        WriteLimits(json, repository.Figures);
    }

    /// <summary>Writes what the repositories of an owner hold together.</summary>
    public static void Write(Utf8JsonWriter json, OwnerUsage owner)
    {
        if (owner.Owner is null) json.WriteNull("owner"u8);
        else json.WriteString("owner"u8, owner.Owner);
        WriteHeld(json, owner.Figures);
        json.WriteNumber("uniqueBytes"u8, owner.UniqueBytes);
        json.WriteNumber("sharedBytes"u8, owner.Figures.Bytes - owner.UniqueBytes);
    }

    /// <summary>Writes a repository's quota with what is used of it.</summary>
    public static void WriteQuota(Utf8JsonWriter json, RepositoryUsage repository)
    {
        json.WriteString("repository"u8, repository.Name);
        json.WriteNumber("bytes"u8, repository.Figures.Bytes);
        WriteLimits(json, repository.Figures);
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, long? number)
    {
        if (number is { } value) json.WriteNumber(name, value);
        else json.WriteNull(name);
    }
}

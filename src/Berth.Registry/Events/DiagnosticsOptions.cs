using System.ComponentModel.DataAnnotations;

namespace Berth.Registry.Events;

/// <summary>Settings of the diagnostic logs, with Azure Container Registry's categories and columns.</summary>
public sealed record DiagnosticsOptions
{
    /// <summary>Whether sign-ins are written (<c>ContainerRegistryLoginEvents</c>). Default false.</summary>
    public bool LoginEvents { get; init; }

    /// <summary>Whether pushes, pulls and deletions are written (<c>ContainerRegistryRepositoryEvents</c>). Default false.</summary>
    public bool RepositoryEvents { get; init; }

    /// <summary>The registries whose events are written; none for all. Sign-ins at the authority, which belong to no registry, are written in either case. Default none.</summary>
    public IReadOnlyList<string> Registries { get; init; } = [];

    /// <summary>Where the lines go. Default File.</summary>
    public DiagnosticTarget Target { get; init; } = DiagnosticTarget.File;

    /// <summary>The file; its folder is made where it is missing. Default <c>diagnostics/events.jsonl</c> in the data folder.</summary>
    public string? File { get; init; }

    /// <summary>How many bytes the file may have before another one is begun and this one gets the ending <c>.1</c>. Default 64 MiB.</summary>
    [Range(65536.0, 1099511627776.0)]
    public long MaxFileBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>How many files are kept, the one that is written included; the oldest goes when there are more. Default 8.</summary>
    [Range(2, 1000)]
    public int Files { get; init; } = 8;

    /// <summary>Whether anything is written.</summary>
    public bool IsOn() => LoginEvents || RepositoryEvents;
}

/// <summary>Where diagnostic logs go.</summary>
public enum DiagnosticTarget
{
    /// <summary>A file, and others beside it when it is full.</summary>
    File,

    /// <summary>The standard output, for whoever collects it there.</summary>
    Stdout,
}

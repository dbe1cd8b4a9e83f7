using System.Text.Json;

namespace Berth.Cli.Evidence;

/// <summary>A form that evidence is written in while it is read: JSON, or a page.</summary>
internal interface IEvidenceForm : IAsyncDisposable
{
    /// <summary>Writes what it begins with.</summary>
    Task BeginAsync(JsonElement head, CancellationToken cancellationToken);

    /// <summary>Writes a repository.</summary>
    Task AddAsync(JsonElement repository, CancellationToken cancellationToken);

    /// <summary>Writes its end; without it, it is not whole.</summary>
    Task EndAsync(EvidenceTotals totals, CancellationToken cancellationToken);
}

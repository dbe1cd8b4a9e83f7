using System.Globalization;
using Berth.Metadata;
using Berth.Oci;

namespace Berth.Registry.Events;

/// <summary>Makes lines of the diagnostic logs of the ledger's records. One push is one event for each tag that it moved, or one without a tag.</summary>
internal sealed class RepositoryEventReader(ILedger ledger, IManifests manifests, IArtifacts artifacts)
{
    private const int Page = 200;

    // How many records may stand between a push and its first tag: those of other changes that were made at the same time, and of a quarantine.
    private const int Ahead = 200;

    /// <summary>The events after a record, and the record up to which they go; null at the ledger's end.</summary>
    public async ValueTask<(IReadOnlyList<(DiagnosticEvent Event, DiagnosticOccurrence When)> Events, long Until)?> ReadAsync(
        long epoch, long after, CancellationToken cancellationToken)
    {
        var records = await ledger.ReadLedgerAsync(after, Page + Ahead, cancellationToken);
        if (records.Count == 0) return null;

        // Whether a manifest came with tags is said by records behind it. They became visible with it, so that at the ledger's end nothing is missing.
        var whole = Math.Min(records.Count, Page);
        var events = new List<(DiagnosticEvent, DiagnosticOccurrence)>();
        for (var i = 0; i < whole; i++)
        {
            if (OperationOf(records[i], IsTagged(records, i)) is { } operation)
                events.Add((await DescribeAsync(records[i], operation, cancellationToken), OccurrenceOf(epoch, records[i])));
        }

        return (events, records[whole - 1].Number);
    }

    private static bool IsTagged(IReadOnlyList<LedgerRecord> records, int pushed)
    {
        if (records[pushed].Kind != LedgerKinds.ManifestPushed) return false;
        var last = Math.Min(records.Count - 1, pushed + Ahead);
        for (var i = pushed + 1; i <= last; i++)
        {
            if (IsTagOf(records[i], records[pushed])) return true;
        }

        return false;
    }

    private static string? OperationOf(LedgerRecord record, bool isTagged)
    {
        // A payload names the policy or the rule that asked for a deletion.
        var byRule = record.Payload is not null;
        return record.Kind switch
        {
            LedgerKinds.TagSet => DiagnosticColumns.Push,
            LedgerKinds.ManifestPushed when !isTagged => DiagnosticColumns.Push,
            LedgerKinds.TagDeleted => byRule ? DiagnosticColumns.PurgeTag : DiagnosticColumns.Untag,
            LedgerKinds.ManifestDeleted or LedgerKinds.ManifestSoftDeleted => byRule ? DiagnosticColumns.PurgeManifest : DiagnosticColumns.Delete,
            LedgerKinds.ManifestPurged => DiagnosticColumns.PurgeManifest,
            _ => null,
        };
    }

    private static bool IsTagOf(LedgerRecord record, LedgerRecord pushed) =>
        record.Kind == LedgerKinds.TagSet && record.Digest == pushed.Digest && record.Repository == pushed.Repository
        && record.RegistryId == pushed.RegistryId && record.RequestId == pushed.RequestId;

    private static DiagnosticOccurrence OccurrenceOf(long epoch, LedgerRecord record) => new(
        DateTimeOffset.FromUnixTimeMilliseconds(record.HybridTime >> 16), 1, record.RequestId, null, string.Create(CultureInfo.InvariantCulture, $"{epoch}-{record.Number}"));

    private async ValueTask<DiagnosticEvent> DescribeAsync(LedgerRecord record, string operation, CancellationToken cancellationToken)
    {
        var isPush = operation == DiagnosticColumns.Push;
        var described = new DiagnosticEvent(DiagnosticColumns.RepositoryEvents, operation, record.RegistryId)
        {
            Status = isPush ? 201 : 202,
            Identity = record.Actor,
            Address = record.Address,
            Repository = record.Repository,
            Tag = record.Reference,
            Digest = record.Digest.IsDefault ? null : record.Digest.ToString(),
        };

        // What is gone by now has no type any more.
        if (!isPush || record.Digest.IsDefault || !RepositoryName.TryParse(record.Repository, out var repository)) return described;
        var manifest = await manifests.FindManifestAsync(record.RegistryId, repository, Reference.To(record.Digest), false, cancellationToken);
        if (manifest is null) return described;
        var details = await artifacts.FindManifestDetailsAsync(record.RegistryId, repository, record.Digest, cancellationToken);
        return described with { MediaType = manifest.MediaType, Size = manifest.Size, ArtifactType = details?.ArtifactType };
    }
}

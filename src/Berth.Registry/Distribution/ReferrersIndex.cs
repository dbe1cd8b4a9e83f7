using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;

namespace Berth.Registry.Distribution;

/// <summary>
/// Composes the image index that lists the referrers of a digest (OCI distribution spec, "Listing Referrers"); the API and the tag of
/// the fallback schema are this one view.
/// </summary>
internal sealed class ReferrersIndex(IManifests manifests, IQuarantine quarantine)
{
    /// <summary>The most entries in one answer; a page ends earlier when it reaches <see cref="MaxBytes"/>.</summary>
    public const int MaxEntries = 1_000;

    private const int MaxBytes = 3 * 1024 * 1024;

    /// <summary>One page of the index.</summary>
    /// <param name="request">The request, for registry and repository.</param>
    /// <param name="subject">The digest referred to.</param>
    /// <param name="artifactType">The only type to list, or null.</param>
    /// <param name="after">The sequence to go on after; 0 for the start.</param>
    /// <param name="limit">The most entries; 0 for an empty index without a next page.</param>
    /// <returns>The index's bytes, its number of entries, and the sequence that the next page goes on after (null at the end).</returns>
    public async ValueTask<(byte[] Index, int Entries, long? Next)> ComposeAsync(
        DistributionRequest request, Digest subject, string? artifactType, long after, int limit)
    {
        var page = limit == 0
            ? new Page<ReferrerRecord>([], More: false, Last: null)
            : await manifests.ListReferrersAsync(
                request.Registry.Id, request.Repository, subject, artifactType, after, Math.Min(limit, MaxEntries), request.Aborted);

        var items = await WithoutQuarantinedAsync(request, page.Items);
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        writer.WriteNumber("schemaVersion", 2);
        writer.WriteString("mediaType", MediaTypes.OciIndex);
        writer.WriteStartArray("manifests");
        var entries = 0;
        long? next = null;
        foreach (var referrer in items)
        {
            if (buffer.WrittenCount + writer.BytesPending + (referrer.Annotations?.Length ?? 0) > MaxBytes && entries > 0)
            {
                next = items[entries - 1].Sequence;
                break;
            }

            Write(writer, referrer);
            entries++;
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
        if (next is null && page is { More: true, Last: { } last }) next = long.Parse(last, CultureInfo.InvariantCulture);
        return (buffer.WrittenSpan.ToArray(), entries, next);
    }

    /// <summary>
    /// The index as the fallback tag shows it, and whether it is whole: a manifest has no pages, so it ends where the first page of the API does.
    /// Null when the tag is none of the schema, or nothing refers to its subject.
    /// </summary>
    public async ValueTask<(byte[] Index, Digest Subject, bool IsWhole)?> ComposeTagAsync(DistributionRequest request, Tag tag)
    {
        if (await FindSubjectAsync(request, tag) is not { } subject) return null;
        var (index, entries, next) = await ComposeAsync(request, subject, null, 0, MaxEntries);
        return entries == 0 && next is null ? null : (index, subject, next is null);
    }

    /// <summary>The digest whose referrers a fallback tag lists; null when the tag is none of the schema, or nothing refers to such a digest.</summary>
    public ValueTask<Digest?> FindSubjectAsync(DistributionRequest request, Tag tag) => tag.TryGetReferrersSubjects(out var first, out var last)
        ? manifests.FindSubjectAsync(request.Registry.Id, request.Repository, first, last, request.Aborted)
        : ValueTask.FromResult<Digest?>(null);

    // Its annotations are content, too.
    private async ValueTask<IReadOnlyList<ReferrerRecord>> WithoutQuarantinedAsync(DistributionRequest request, IReadOnlyList<ReferrerRecord> referrers)
    {
        if (referrers.Count == 0 || request.Rights.MayReadQuarantined) return referrers;
        if (await quarantine.FindRepositoryQuarantineAsync(request.Registry.Id, request.Repository, request.Aborted) is not null) return [];
        var known = await quarantine.FindQuarantinesAsync(request.Registry.Id, [.. referrers.Select(referrer => referrer.Digest)], request.Aborted);
        return known.Count == 0 ? referrers : [.. referrers.Where(referrer => !known.TryGetValue(referrer.Digest, out var of) || !of.SetsApart)];
    }

    private static void Write(Utf8JsonWriter writer, ReferrerRecord referrer)
    {
        writer.WriteStartObject();
        writer.WriteString("mediaType", referrer.MediaType);
        writer.WriteString("digest", referrer.Digest.ToString());
        writer.WriteNumber("size", referrer.Size);
        if (referrer.ArtifactType is not null) writer.WriteString("artifactType", referrer.ArtifactType);
        if (referrer.Annotations is not null)
        {
            writer.WritePropertyName("annotations");
            writer.WriteRawValue(referrer.Annotations);
        }

        writer.WriteEndObject();
    }
}

using Berth.Metadata;
using Berth.Oci;
using Berth.Storage;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Artifacts;

/// <summary>
/// Looks into manifests that nobody has looked into yet, and into the configs of images, for the architecture and the operating system that a list shows. What
/// was found is kept in the manifest's row, so that the next list reads no content.
/// </summary>
internal sealed partial class ManifestDescriber(IArtifacts artifacts, IManifests manifests, IBlobs blobs, IBlobStore store, ILogger<ManifestDescriber> logger)
{
    private const long LargestConfig = 1 << 20;

    // One list reads no more than this; what it leaves is described by the next.
    private const long MostBytesOfList = 64 << 20;

    /// <summary>The manifests with what they say. What cannot be read is left out of the answer, and looked at again where that may help.</summary>
    public async Task<IReadOnlyList<ManifestDetails>> DescribeAsync(
        long registryId, RepositoryName repository, IReadOnlyList<ManifestDetails> listed, CancellationToken cancellationToken)
    {
        if (listed.All(manifest => manifest.IsDescribed)) return listed;

        var answer = new List<ManifestDetails>(listed.Count);
        var found = new List<DescribedManifest>();
        var left = MostBytesOfList;
        foreach (var manifest in listed)
        {
            if (manifest.IsDescribed || left <= 0)
            {
                answer.Add(manifest);
                continue;
            }

            var (description, isWhole, bytes) = await LookAsync(registryId, repository, manifest, cancellationToken);
            left -= bytes;
            answer.Add(manifest with { Description = description, IsDescribed = isWhole });
            if (isWhole) found.Add(new DescribedManifest(manifest.Sequence, manifest.Digest, description));
        }

        if (found.Count > 0) await KeepAsync(found, cancellationToken);
        return WithReferences(answer, found);
    }

    /// <summary>Says of what indexes list what was found out about it on the same page.</summary>
    private static List<ManifestDetails> WithReferences(List<ManifestDetails> answer, List<DescribedManifest> found)
    {
        var known = found.ToDictionary(manifest => manifest.Digest, manifest => manifest.Description);
        return answer.ConvertAll(manifest => manifest.References.Count == 0 ? manifest : manifest with
        {
            References = [.. manifest.References.Select(entry => known.TryGetValue(entry.Digest, out var says)
                ? new ListedManifest(entry.Digest, says.Architecture, says.Os)
                : entry)],
        });
    }

    /// <summary>What the manifest says, whether that is all that can ever be known, and how many bytes were read for it.</summary>
    private async Task<(ManifestDescription Description, bool IsWhole, long Bytes)> LookAsync(
        long registryId, RepositoryName repository, ManifestDetails listed, CancellationToken cancellationToken)
    {
        var record = await manifests.FindManifestAsync(registryId, repository, Reference.To(listed.Digest), withBytes: true, cancellationToken);
        if (record?.Bytes is not { } bytes) return (listed.Description, false, 0);

        Manifest manifest;
        try
        {
            manifest = ManifestParser.Parse(bytes, record.MediaType);
        }
        catch (OciException)
        {
            // Content does not change: an earlier version took what this one cannot read, and a later look sees the same.
            return (listed.Description, true, bytes.Length);
        }

        var description = ManifestDescription.Of(manifest);
        if (!ManifestDescription.HasConfigOfImage(manifest) || manifest.Config is not { Size: <= LargestConfig } config) return (description, true, bytes.Length);

        var content = await ReadConfigAsync(registryId, repository, config, cancellationToken);
        if (content is null) return (description, false, bytes.Length);
        var (architecture, os) = ImageConfig.Read(content);
        return (description with { Architecture = architecture, Os = os }, true, bytes.Length + content.Length);
    }

    /// <summary>The config's bytes; null while they are missing or wrong, which a push may mend.</summary>
    private async Task<byte[]?> ReadConfigAsync(long registryId, RepositoryName repository, Descriptor config, CancellationToken cancellationToken)
    {
        if (await blobs.FindBlobAsync(registryId, repository, config.Digest, cancellationToken) is not { State: BlobState.Live } blob) return null;
        if (blob.Size > LargestConfig) return null;
        try
        {
            await using var reader = await store.OpenAsync(blob.Location, blob.Size, cancellationToken);
            var content = new byte[blob.Size];
            var length = 0;
            while (length < content.Length)
            {
                var read = await reader.ReadAsync(length, content.AsMemory(length), cancellationToken);
                if (read == 0) return null;
                length += read;
            }

            return Digest.Compute(config.Digest.Algorithm, content) == config.Digest ? content : null;
        }
        catch (Exception e) when (e is BlobMissingException or StorageUnavailableException)
        {
            LogUnreadable(e, config.Digest.ToString(), repository.ToString());
            return null;
        }
    }

    private async Task KeepAsync(List<DescribedManifest> found, CancellationToken cancellationToken)
    {
        try
        {
            await artifacts.DescribeManifestsAsync(found, cancellationToken);
        }
        catch (Exception e) when (e is MetadataFullException or MetadataUnavailableException)
        {
            // The answer is right all the same; the next list looks again.
            LogNotKept(e, found.Count);
        }
    }
}

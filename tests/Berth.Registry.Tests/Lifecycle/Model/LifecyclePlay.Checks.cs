using System.Collections.Immutable;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Lifecycle;

namespace Berth.Registry.Tests.Lifecycle.Model;

/// <summary>What is looked at after each step.</summary>
internal sealed partial class LifecyclePlay
{
    private bool IsSame(RegistryState seen, RegistryState expected) => seen.Lines(Now).SequenceEqual(expected.Lines(Now));

    private void AssertSame(RegistryState expected, RegistryState seen)
    {
        if (IsSame(seen, expected)) return;
        var (wanted, found) = (expected.Lines(Now).ToList(), seen.Lines(Now).ToList());
        Assert.Fail($"Not there:\n  {string.Join("\n  ", wanted.Except(found))}\nThere instead:\n  {string.Join("\n  ", found.Except(wanted))}");
    }

    /// <summary>All rows and bytes fit, all figures are right, and what can be restored has its bytes.</summary>
    private async Task CheckWholeAsync()
    {
        List<string> findings = [];
        await new StorageVerification(Metadata, _host.Blobs).RunAsync(
            VerificationMode.DryRun, finding => findings.Add($"{finding.What} {finding.Sentence}"), _ => new Progress<(long, long)>(), Token);
        await CheckLimitsAsync(findings);
        findings.AddRange((await Metadata.RecountUsageAsync(repair: false, Token)).Select(wrong => $"{wrong.Place} is said to hold {wrong.Kept}, and holds {wrong.Counted}"));
        Assert.True(findings.Count == 0, string.Join('\n', findings));
        foreach (var repository in _state.Repositories.Values)
        {
            foreach (var manifest in repository.Manifests.Values)
            {
                foreach (var blob in manifest.Artifact.Blobs.Select(Artifact.DigestOf))
                {
                    var found = await Metadata.FindBlobAsync(1, RepositoryName.Parse(repository.Name), blob, Token);
                    Assert.True(found is { State: BlobState.Live }, $"{repository.Name}@{manifest.Artifact.Digest} names {blob}, which is not there.");
                }
            }
        }
    }

    /// <summary>The blobs on the disk are those that something names, and no others.</summary>
    private async Task CheckBytesAsync()
    {
        var named = _state.Repositories.Values.SelectMany(repository => repository.Manifests.Values).SelectMany(manifest => manifest.Artifact.Blobs).Select(Artifact.DigestOf).Distinct().Order().ToList();
        var blobs = await Metadata.WalkBlobsAsync(default, 1_000, Token);
        Assert.Equal(named, blobs.Select(blob => blob.Digest).Order());
        Assert.Equal(blobs.Select(blob => blob.Location).Order(StringComparer.Ordinal), (await _host.Blobs.ListAsync(Token).Select(file => file.Location).ToListAsync()).Order(StringComparer.Ordinal));
        var totals = await Metadata.ReadTotalsAsync(Token);
        Assert.Equal((0, 0), (totals.OpenUploads, totals.DiscardedLocations));
    }

    /// <summary>What the registry says it holds.</summary>
    private async Task<RegistryState> ObserveAsync()
    {
        var registry = (await Metadata.FindRegistryAsync("local", Token))!;
        var seen = new RegistryState
        {
            KeepsDeleted = registry.SoftDelete.IsEnabled,
            DeletesUntagged = registry.Retention.IsEnabled,
            QuarantinesPushes = registry.QuarantinesPushes,
            Limits = await ReadLimitsAsync(),
            HasWriteOnce = (await Metadata.ListTagRulesAsync(1, Token)).Count > 0,
            Quarantined = (await Metadata.ListQuarantinedDigestsAsync(1, default, 1_000, Token)).Items
                .ToImmutableSortedDictionary(one => one.Digest, one => one.Quarantine.Until ?? DateTimeOffset.MaxValue),
        };
        foreach (var workload in (await Metadata.ListWorkloadsAsync(1, null, 1_000, Token)).Items)
        {
            var image = Assert.Single((await Metadata.FindWorkloadAsync(1, workload.Name, Token))!.Images);
            seen = seen with { Reports = seen.Reports.SetItem(workload.Name, new Report(image.Digest, image.Repository?.Value, workload.ExpiresAt)) };
        }

        foreach (var name in Names) seen = seen.With(await ObserveAsync(RepositoryName.Parse(name)));
        return seen;
    }

    private async Task<RepositoryState> ObserveAsync(RepositoryName name)
    {
        var repository = new RepositoryState(name.Value)
        {
            Locks = (await Metadata.FindRepositoryAsync(1, name, Token))?.Locks ?? Locks.None,
            IsQuarantined = await Metadata.FindRepositoryQuarantineAsync(1, name, Token) is not null,
        };
        foreach (var artifact in _known.Values)
        {
            if (await Metadata.FindManifestDetailsAsync(1, name, artifact.Digest, Token) is not { } details) continue;
            repository = repository.With(new Stored(artifact, details.CreatedAt) { Locks = details.Locks });
            Assert.Equal(artifact.Bytes, (await Metadata.FindManifestAsync(1, name, Reference.To(artifact.Digest), true, Token))!.Bytes);
        }

        foreach (var deleted in (await Metadata.ListDeletedManifestsAsync(1, name, default, 1_000, Token))?.Items ?? [])
            repository = repository.With(new Stored(_known[deleted.Digest], deleted.CreatedAt) { DeletedAt = deleted.DeletedAt });
        foreach (var tag in Tags.Concat(_known.Values.Select(artifact => artifact.SignatureTag)))
        {
            if (await Metadata.FindTagAsync(1, name, Tag.Parse(tag), Token) is { } named)
                repository = repository with { Tags = repository.Tags.Add(tag, new Tagged(named.Digest, named.UpdatedAt, named.Locks)) };
        }

        var entries = (await Metadata.ListDeletedTagsAsync(1, name, default, 1_000, Token))?.Items ?? [];
        return repository with { DeletedTags = [.. entries.Select(entry => new DeletedName(entry.Name, entry.Digest, entry.DeletedAt))] };
    }
}

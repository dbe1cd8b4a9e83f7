using System.Globalization;
using System.Security.Cryptography;
using Berth.Bench.Load;
using Berth.Metadata;
using Berth.Oci;

namespace Berth.Bench.Seeding;

/// <summary>What rules and garbage collection are measured with.</summary>
internal sealed partial class BerthSeed
{
    // As the evaluation of rules reads them.
    private const int RepositoriesOfPage = 200;
    private const int TagsOfPage = 500;

    // So many locations in a row lie in one folder, as the store makes them.
    private const int Neighbours = 64;
    private const int Folders = 256;

    // Longer than seeding takes.
    private static readonly TimeSpan Lease = TimeSpan.FromDays(1);

    private int _locations;

    /// <summary>Makes images in each of some repositories, with so many tags each.</summary>
    public Task AddImagesAsync(IEnumerable<string> repositories, int images, int tags, CancellationToken cancellationToken) =>
        PutAllAsync(repositories.SelectMany(repository => Enumerable.Range(0, images).Select(number => ImageOf(repository, number, tags))), cancellationToken);

    /// <summary>Makes an image with many small layers in a repository; the bytes are there, too.</summary>
    /// <returns>The manifest's digest.</returns>
    public async Task<string> AddImageOfBlobsAsync(string repository, int blobs, CancellationToken cancellationToken)
    {
        var layers = SmallContent.Blobs(blobs, 64);
        await AllAsync(blobs, number => AddBlobAsync(repository, layers[number], cancellationToken));
        var image = SmallContent.Manifest(layers[0], layers);
        await PutAllAsync([Of(repository, image, "application/vnd.oci.image.manifest.v1+json", [])], cancellationToken);
        return image.Digest;
    }

    /// <summary>Makes blobs that no manifest names and whose time is over: garbage.</summary>
    public Task AddGarbageAsync(string repository, int blobs, CancellationToken cancellationToken)
    {
        var contents = SmallContent.Blobs(blobs, 16);
        return AllAsync(blobs, number => AddBlobAsync(repository, contents[number], cancellationToken));
    }

    /// <summary>Reads every tag as the evaluation of rules reads it, and does nothing with it.</summary>
    /// <returns>How many there are.</returns>
    public async Task<long> ReadCandidatesAsync(CancellationToken cancellationToken)
    {
        var count = 0L;
        Page<string> page;
        for (string? after = null; ; after = page.Last)
        {
            page = await _store.ListEveryRepositoryAsync(_registry, [NameRange.All], after, RepositoriesOfPage, cancellationToken);
            foreach (var repository in page.Items) count += await ReadCandidatesAsync(RepositoryName.Parse(repository), cancellationToken);
            if (!page.More) return count;
        }
    }

    private async Task<long> ReadCandidatesAsync(RepositoryName repository, CancellationToken cancellationToken)
    {
        var count = 0L;
        for (TimeKey? after = null; await _store.ListTagCandidatesAsync(_registry, repository, after, TagsOfPage, cancellationToken) is { } page;)
        {
            count += page.Items.Count;
            if (!page.More) break;
            after = TimeKey.Parse(page.Last!);
        }

        return count;
    }

    private NewManifest ImageOf(string repository, int number, int tags)
    {
        Tag[] names = [.. Enumerable.Range(number * tags, tags).Select(tag => Tag.Parse(Figures.Preparation.TagName(tag)))];
        return Of(repository, EmptyIndex.Numbered(repository, number), EmptyIndex.MediaType, names);
    }

    private NewManifest Of(string repository, SmallContent content, string mediaType, IReadOnlyList<Tag> tags) => new(
        _registry, RepositoryName.Parse(repository), Digest.Parse(content.Digest), content.Bytes, ManifestParser.Parse(content.Bytes, mediaType), tags, false);

    /// <summary>
    /// Makes images as they are pushed: a config and a layer of their own, layers that all of the repository share, one tag. Nobody reads the bytes.
    /// </summary>
    public async Task AddPushedImagesAsync(string repository, int images, IReadOnlyList<SmallContent> shared, CancellationToken cancellationToken)
    {
        foreach (var layer in shared) await AddBlobAsync(repository, layer, cancellationToken, Lease);
        var own = SmallContent.Blobs(2 * images, 16);
        await AllAsync(images, async number =>
        {
            var (config, layer) = (own[2 * number], own[(2 * number) + 1]);
            await AddBlobAsync(repository, config, cancellationToken, Lease);
            await AddBlobAsync(repository, layer, cancellationToken, Lease);
            var image = SmallContent.Manifest(config, [.. shared, layer]);
            var put = Of(repository, image, "application/vnd.oci.image.manifest.v1+json", [Tag.Parse(Figures.Preparation.TagName(number))]);
            Check(await PatientlyAsync(() => _store.PutManifestAsync(put, _caller, cancellationToken)));
        });
    }

    private async Task AddBlobAsync(string repository, SmallContent blob, CancellationToken cancellationToken, TimeSpan lease = default)
    {
        var (location, now) = (NewLocation(), TimeProvider.System.GetUtcNow());
        var upload = new NewUpload(
            Guid.CreateVersion7().ToString("N"), _registry, RepositoryName.Parse(repository), location, DigestAlgorithm.Sha256, now.AddDays(1), now.AddMinutes(1));
        var opened = await PatientlyAsync(() => _store.OpenUploadAsync(upload, _caller, cancellationToken));
        if (_folder is not null) File.WriteAllBytes(Path.Combine(_folder, "store", "blobs", location), blob.Bytes);

        // The lease is over as soon as no manifest names the blob.
        var isDone = await PatientlyAsync(() => _store.CompleteUploadAsync(
            opened, Digest.Parse(blob.Digest), blob.Bytes.Length, now + lease, now.AddDays(1), _caller, cancellationToken));
        if (!isDone) throw new BenchException("a seeded blob was refused");
    }

    private string NewLocation()
    {
        var folder = (Interlocked.Increment(ref _locations) / Neighbours % Folders).ToString("x2", CultureInfo.InvariantCulture);
        return $"{folder}/{folder}{RandomNumberGenerator.GetHexString(30, lowercase: true)}";
    }
}

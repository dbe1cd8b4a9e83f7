using Berth.Metadata;
using Berth.Metadata.Sqlite;
using Berth.Oci;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Bench.Seeding;

/// <summary>
/// Fills a stopped Berth with many repositories and tags through its own metadata store, so that the rows are those that pushes would
/// have made: edges, ledger records and usage included.
/// </summary>
internal sealed class BerthSeed : IAsyncDisposable
{
    private const int TagsAtOnce = 500;
    private const int OperationsUnderWay = 1024;

    private static readonly Manifest Index = ManifestParser.Parse(EmptyIndex.Content.Bytes, EmptyIndex.MediaType);
    private static readonly Digest IndexDigest = Digest.Parse(EmptyIndex.Content.Digest);

    private readonly SqliteMetadataStore _store;
    private readonly long _registry;
    private readonly Caller _caller;

    private BerthSeed(SqliteMetadataStore store, long registry, Caller caller)
    {
        _store = store;
        _registry = registry;
        _caller = caller;
    }

    /// <summary>Opens the metadata of a data folder whose server has run once and is stopped.</summary>
    public static async Task<BerthSeed> OpenAsync(string folder, CancellationToken cancellationToken)
    {
        var options = new SqliteOptions { Path = Path.Combine(folder, "metadata", "berth.db") };
        if (!File.Exists(options.Path)) throw new BenchException($"{options.Path} is not there: has the place of the metadata changed?");

        var store = await SqliteMetadataStore.OpenAsync(options, TimeProvider.System, NoSteps.Instance, NullLogger<SqliteMetadataStore>.Instance, cancellationToken);
        var registry = await store.FindRegistryAsync("local", cancellationToken) ?? throw new BenchException("the seeded registry 'local' is not there");
        var owner = await store.FindPrincipalAsync("owner", cancellationToken) ?? throw new BenchException("the owner is not there");
        return new BerthSeed(store, registry.Id, new Caller(owner.Id, owner.Name, "127.0.0.1", "seed"));
    }

    /// <summary>Makes repositories with one tagged manifest each.</summary>
    public Task AddRepositoriesAsync(IEnumerable<string> names, CancellationToken cancellationToken) =>
        PutAllAsync(names.Select(name => (name, (IReadOnlyList<Tag>)[Tag.Parse("latest")])), cancellationToken);

    /// <summary>Makes tags of one manifest in one repository.</summary>
    public Task AddTagsAsync(string repository, IEnumerable<string> tags, CancellationToken cancellationToken) =>
        PutAllAsync(tags.Chunk(TagsAtOnce).Select(chunk => (repository, (IReadOnlyList<Tag>)[.. chunk.Select(Tag.Parse)])), cancellationToken);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private async Task PutAllAsync(IEnumerable<(string Repository, IReadOnlyList<Tag> Tags)> manifests, CancellationToken cancellationToken)
    {
        var underWay = new Queue<Task<PutManifestResult>>();
        foreach (var (repository, tags) in manifests)
        {
            // Tags at once are long operations: the store bounds what waits by bytes, this bounds it by count.
            if (underWay.Count == OperationsUnderWay) Check(await underWay.Dequeue());
            var manifest = new NewManifest(_registry, RepositoryName.Parse(repository), IndexDigest, EmptyIndex.Content.Bytes, Index, tags, false);
            underWay.Enqueue(_store.PutManifestAsync(manifest, _caller, cancellationToken));
        }

        while (underWay.TryDequeue(out var last)) Check(await last);
    }

    private static void Check(PutManifestResult result)
    {
        if (result.Outcome != PutManifestOutcome.Stored) throw new BenchException($"a seeded manifest was refused: {result.Outcome}");
    }
}

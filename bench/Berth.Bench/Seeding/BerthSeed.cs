using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Berth.Metadata;
using Berth.Metadata.Postgres;
using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Oci;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Bench.Seeding;

/// <summary>
/// Fills a stopped Berth with many repositories and tags through its own metadata store, so that the rows are those that pushes would
/// have made: edges, ledger records and usage included.
/// </summary>
internal sealed partial class BerthSeed : IAsyncDisposable
{
    private const int TagsAtOnce = 500;
    private const int OperationsUnderWay = 1024;
    private const int MostAttempts = 600;

    // AcrPull.
    private const string PullRole = "7f951dda-4ed3-4680-a7ca-43fe172d538d";

    private static readonly Manifest Index = ManifestParser.Parse(EmptyIndex.Content.Bytes, EmptyIndex.MediaType);
    private static readonly Digest IndexDigest = Digest.Parse(EmptyIndex.Content.Digest);

    // Where the bytes go; null where they are not needed.
    private readonly string? _folder;
    private readonly RelationalMetadataStore _store;
    private readonly long _registry;
    private readonly Caller _caller;

    private BerthSeed(string? folder, RelationalMetadataStore store, long registry, Caller caller)
    {
        _folder = folder;
        _store = store;
        _registry = registry;
        _caller = caller;
    }

    /// <summary>Opens the metadata of a data folder whose server has run once and is stopped.</summary>
    public static async Task<BerthSeed> OpenAsync(string folder, CancellationToken cancellationToken)
    {
        var options = new SqliteOptions { Path = Path.Combine(folder, "metadata", "berth.db") };
        if (!File.Exists(options.Path)) throw new BenchException($"{options.Path} is not there: has the place of the metadata changed?");

        var store = await SqliteMetadataStore.OpenAsync(options, TimeProvider.System, NoSteps.Instance, NullLogger<RelationalMetadataStore>.Instance, cancellationToken);
        return await OfAsync(folder, store, cancellationToken);
    }

    /// <summary>Opens the metadata of an installation on PostgreSQL, whose nodes may run. Blobs are rows alone.</summary>
    public static async Task<BerthSeed> OpenAsync(PostgresOptions options, CancellationToken cancellationToken) => await OfAsync(
        null,
        await PostgresMetadataStore.OpenAsync(options, new DatabaseTime(TimeProvider.System), NoSteps.Instance, NullLogger<RelationalMetadataStore>.Instance, cancellationToken),
        cancellationToken);

    private static async Task<BerthSeed> OfAsync(string? folder, RelationalMetadataStore store, CancellationToken cancellationToken)
    {
        var registry = await store.FindRegistryAsync("local", cancellationToken) ?? throw new BenchException("the seeded registry 'local' is not there");
        var owner = await store.FindPrincipalAsync("owner", cancellationToken) ?? throw new BenchException("the owner is not there");
        return new BerthSeed(folder, store, registry.Id, new Caller(owner.Id, owner.Name, "127.0.0.1", "seed"));
    }

    /// <summary>Makes repositories with one tagged manifest each.</summary>
    public Task AddRepositoriesAsync(IEnumerable<string> names, CancellationToken cancellationToken) =>
        PutAllAsync(names.Select(name => EmptyIndexOf(name, [Tag.Parse("latest")])), cancellationToken);

    /// <summary>Makes tags of one manifest in one repository.</summary>
    public Task AddTagsAsync(string repository, IEnumerable<string> tags, CancellationToken cancellationToken) =>
        PutAllAsync(tags.Chunk(TagsAtOnce).Select(chunk => EmptyIndexOf(repository, [.. chunk.Select(Tag.Parse)])), cancellationToken);

    /// <summary>Makes registry tokens that may push to one repository, each by a scope map of its own.</summary>
    public Task AddTokensAsync(int count, string repository, CancellationToken cancellationToken) => AllAsync(count, async number =>
    {
        string[] actions = [$"repositories/{repository}/content/read", $"repositories/{repository}/content/write", $"repositories/{repository}/metadata/read"];
        await _store.PutScopeMapAsync(new ScopeMapRecord(_registry, $"{TokenName(number)}-map", "", actions, false), _caller, cancellationToken);
        var token = await _store.PutTokenAsync(_registry, TokenName(number), $"{TokenName(number)}-map", true, _caller, cancellationToken);
        var password = new CredentialRecord(Guid.NewGuid().ToString(), CredentialKind.Secret, DateTimeOffset.UnixEpoch)
        {
            Slot = "password1",
            SecretHash = SHA256.HashData(Encoding.ASCII.GetBytes(TokenPassword(number))),
        };
        var principal = token.Record?.Principal ?? throw new BenchException($"a seeded token was refused: {token.Outcome}");
        await _store.PutCredentialAsync(principal.Id, password, _caller, cancellationToken);
    });

    /// <summary>Makes service principals that may pull from the registry.</summary>
    public async Task AddAssignmentsAsync(int count, CancellationToken cancellationToken)
    {
        var registry = await _store.FindRegistryByIdAsync(_registry, cancellationToken) ?? throw new BenchException("the seeded registry is not there");
        await AllAsync(count, async number =>
        {
            var principal = new NewPrincipal(PrincipalKind.ServicePrincipal, Name("app", number), Name("app", number));
            var made = await _store.CreatePrincipalAsync(principal, _caller, cancellationToken);
            var record = made.Record ?? throw new BenchException($"a seeded principal was refused: {made.Outcome}");
            var assignment = new RoleAssignmentRecord(Guid.NewGuid().ToString(), registry.Scope, PullRole, record.Id);
            var assigned = await _store.PutRoleAssignmentAsync(assignment, _caller, cancellationToken);
            if (assigned.Record is null) throw new BenchException($"a seeded assignment was refused: {assigned.Outcome}");
        });
    }

    /// <summary>Makes registries beside the default one, in its resource group.</summary>
    public async Task AddRegistriesAsync(int count, CancellationToken cancellationToken)
    {
        var first = await _store.FindRegistryByIdAsync(_registry, cancellationToken) ?? throw new BenchException("the seeded registry is not there");
        await AllAsync(count, async number =>
        {
            var registry = new NewRegistry(
                string.Create(CultureInfo.InvariantCulture, $"team{number:000000}"), first.SubscriptionId, first.ResourceGroup, first.Location, "Standard");
            var made = await _store.CreateRegistryAsync(registry, _caller, cancellationToken);
            if (made.Outcome != CreateOutcome.Created) throw new BenchException($"a seeded registry was refused: {made.Outcome}");
        });
    }

    /// <summary>The name of a seeded token.</summary>
    public static string TokenName(int number) => Name("token", number);

    /// <summary>Its password.</summary>
    public static string TokenPassword(int number) => Name("password-of-one-run", number);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private NewManifest EmptyIndexOf(string repository, IReadOnlyList<Tag> tags) =>
        new(_registry, RepositoryName.Parse(repository), IndexDigest, EmptyIndex.Content.Bytes, Index, tags, false);

    private async Task PutAllAsync(IEnumerable<NewManifest> manifests, CancellationToken cancellationToken)
    {
        var underWay = new Queue<Task<PutManifestResult>>();
        foreach (var manifest in manifests)
        {
            // Tags at once are long operations: the store bounds what waits by bytes, this bounds it by count.
            if (underWay.Count == OperationsUnderWay) Check(await underWay.Dequeue());
            underWay.Enqueue(PatientlyAsync(() => _store.PutManifestAsync(manifest, _caller, cancellationToken)));
        }

        while (underWay.TryDequeue(out var last)) Check(await last);
    }

    private static string Name(string prefix, int number) => string.Create(CultureInfo.InvariantCulture, $"{prefix}-{number:000000}");

    private static async Task AllAsync(int count, Func<int, Task> make)
    {
        var underWay = new Queue<Task>();
        for (var number = 0; number < count; number++)
        {
            if (underWay.Count == OperationsUnderWay) await underWay.Dequeue();
            underWay.Enqueue(make(number));
        }

        while (underWay.TryDequeue(out var last)) await last;
    }

    // What is seeded comes faster than any client pushes, and the store says so when its log has grown too long.
    private static async Task<T> PatientlyAsync<T>(Func<Task<T>> write)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await write();
            }
            catch (MetadataUnavailableException) when (attempt < MostAttempts)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    private static void Check(PutManifestResult result)
    {
        if (result.Outcome != PutManifestOutcome.Stored) throw new BenchException($"a seeded manifest was refused: {result.Outcome}");
    }
}

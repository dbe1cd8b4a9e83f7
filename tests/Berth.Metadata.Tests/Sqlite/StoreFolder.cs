using Berth.Metadata.Relational;
using Berth.Metadata.Sqlite;
using Berth.Metadata.Tests.Sqlite.Faults;
using Berth.Oci;
using Microsoft.Extensions.Logging.Abstractions;

namespace Berth.Metadata.Tests.Sqlite;

/// <summary>A folder with a database that its test opens as it likes, and short ways to push.</summary>
internal sealed class StoreFolder : IAsyncDisposable
{
    public static readonly RepositoryName App = RepositoryName.Parse("team/app");
    public static readonly Caller Alice = new(7, "alice", "192.0.2.1", "request-1");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("berth-sqlite-");
    private readonly List<RelationalMetadataStore> _opened = [];
    private FaultyVolume? _volume;
    private int _sequence;

    public string Folder => _folder.FullName;

    public string DatabasePath => Path.Combine(Folder, "berth.db");

    /// <summary>The folder's files go through a volume that fails on demand.</summary>
    public FaultyVolume Volume
    {
        get
        {
            if (_volume is null) FaultLayer.Mount(Folder, _volume = new FaultyVolume());
            return _volume;
        }
    }

    public SqliteOptions Options => new() { Path = DatabasePath, FileLayer = _volume is null ? null : FaultLayer.Name };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async Task<RelationalMetadataStore> OpenAsync(Func<SqliteOptions, SqliteOptions>? change = null, ISteps? steps = null, TimeProvider? time = null)
    {
        var store = await SqliteMetadataStore.OpenAsync(
            change is null ? Options : change(Options), time ?? TimeProvider.System, steps ?? NoSteps.Instance, NullLogger<RelationalMetadataStore>.Instance, Token);
        _opened.Add(store);
        await store.CreateInstallationAsync(new InstallationRecord("store", "tenant", "subscription", "home", 1), "local", Token);
        return store;
    }

    public static Descriptor Describe(byte[] content) =>
        new(MediaTypes.OctetStream, Digest.Compute(DigestAlgorithm.Sha256, content), content.Length);

    public static Descriptor Describe(string content) => Describe(System.Text.Encoding.UTF8.GetBytes(content));

    public Task<UploadRecord> OpenUploadAsync(IMetadataStore store, RepositoryName? repository = null, long registry = 1)
    {
        var id = $"u{Interlocked.Increment(ref _sequence):d6}";
        var now = DateTimeOffset.UtcNow;
        return store.OpenUploadAsync(
            new NewUpload(id, registry, repository ?? App, $"at/{id}", DigestAlgorithm.Sha256, now.AddDays(1), now.AddMinutes(1)), Alice, Token);
    }

    public async Task<Descriptor> PushBlobAsync(IMetadataStore store, string content, RepositoryName? repository = null)
    {
        var blob = Describe(content);
        var upload = await OpenUploadAsync(store, repository);
        var later = DateTimeOffset.UtcNow.AddDays(1);
        Assert.True(await store.CompleteUploadAsync(upload, blob.Digest, blob.Size, later, later, Alice, Token));
        return blob;
    }

    /// <summary>An index without children: a manifest that needs nothing else.</summary>
    public static NewManifest Manifest(string content, RepositoryName? repository = null, params string[] tags)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(content);
        var body = new Manifest(MediaTypes.OciIndex, null, null, [], [], null, null);
        return new NewManifest(1, repository ?? App, Describe(bytes).Digest, bytes, body, [.. tags.Select(Tag.Parse)], false);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _opened) await store.DisposeAsync();
        FaultLayer.Unmount(Folder);
        _folder.Delete(recursive: true);
    }
}

using System.Security.Cryptography;
using System.Text;
using Berth.Metadata;
using Berth.Oci;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Conformance.Metadata;

/// <summary>What every suite starts from: an open store with an installation, a registry, a clock that stands still, and short ways to push.</summary>
public abstract class MetadataSuite<TDatabase> : IAsyncLifetime
    where TDatabase : IMetadataDatabase, new()
{
    protected static readonly TimeSpan Grace = TimeSpan.FromHours(24);
    protected static readonly Caller Alice = new(7, "alice", "192.0.2.1", "request-1");

    private int _sequence;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected TDatabase Database { get; } = new();

    protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    protected IMetadataStore Store { get; private set; } = null!;

    protected long Registry { get; private set; }

    protected RepositoryName App { get; } = RepositoryName.Parse("team/app");

    protected RepositoryName Other { get; } = RepositoryName.Parse("team/other");

    protected DateTimeOffset Now => Time.GetUtcNow();

    public async ValueTask InitializeAsync()
    {
        Store = await Database.OpenAsync(Time, NoSteps.Instance);
        await Store.CreateInstallationAsync(new InstallationRecord("store", "tenant", "subscription", "home", 1), "local", Token);
        Registry = (await Store.FindRegistryAsync("local", Token))!.Id;
    }

    public async ValueTask DisposeAsync()
    {
        if (TestContext.Current.TestState is null or { Result: not TestResult.Failed }) Assert.Empty(await Store.CheckAsync(CancellationToken.None));
        await Store.DisposeAsync();
        await Database.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the store and opens what it left.</summary>
    protected async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = await Database.OpenAsync(Time, NoSteps.Instance);
    }

    protected static byte[] Content(string text) => Encoding.UTF8.GetBytes(text);

    protected static Descriptor Describe(byte[] content, string mediaType = "application/octet-stream") =>
        new(mediaType, Digest.Compute(DigestAlgorithm.Sha256, content), content.Length);

    protected string NewId() => $"upload-{Interlocked.Increment(ref _sequence):d6}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";

    protected async Task<UploadRecord> OpenAsync(RepositoryName repository, bool writing = false, DateTimeOffset? expiresAt = null)
    {
        var id = NewId();
        DateTimeOffset? writerUntil = writing ? Now.AddMinutes(1) : null;
        return await Store.OpenUploadAsync(
            new NewUpload(id, Registry, repository, $"at/{id}", DigestAlgorithm.Sha256, expiresAt ?? Now + Grace, writerUntil), Alice, Token);
    }

    protected async Task<IReadOnlyList<DiscardedLocation>> DiscardedAsync(int limit) => (await Store.ListDiscardedAsync(default, limit, Token)).Items;

    /// <summary>Pushes a blob by an upload; returns its descriptor.</summary>
    protected Task<Descriptor> PushBlobAsync(RepositoryName repository, string text) => PushBlobAsync(repository, Content(text));

    protected async Task<Descriptor> PushBlobAsync(RepositoryName repository, byte[] content)
    {
        var blob = Describe(content);
        var upload = await OpenAsync(repository, writing: true);
        Assert.True(await Store.CompleteUploadAsync(upload, blob.Digest, blob.Size, Now + Grace, Now + Grace, Alice, Token));
        return blob;
    }

    protected static NewManifest Image(
        long registry, RepositoryName repository, Descriptor config, IReadOnlyList<Descriptor> layers, Descriptor? subject = null,
        string? artifactType = null, params string[] tags)
    {
        var text = new StringBuilder("image ").Append(repository.Value).Append(' ').Append(config.Digest).Append(' ').Append(artifactType).Append(subject?.Digest);
        foreach (var layer in layers) text.Append(' ').Append(layer.Digest).Append(layer.Size).Append(layer.MediaType);
        var bytes = Content(text.ToString());
        var body = new Manifest(MediaTypes.OciManifest, artifactType, config, layers, [], subject, subject is null ? null : """{"k":"v"}""");
        return new NewManifest(registry, repository, Describe(bytes).Digest, bytes, body, [.. tags.Select(Tag.Parse)], AllowMissingChildren: false);
    }

    protected static NewManifest Index(long registry, RepositoryName repository, IReadOnlyList<Descriptor> children, bool sparse = false, params string[] tags)
    {
        var text = new StringBuilder("index");
        foreach (var child in children) text.Append(' ').Append(child.Digest).Append(child.Size);
        var bytes = Content(text.ToString());
        var body = new Manifest(MediaTypes.OciIndex, null, null, [], children, null, null);
        return new NewManifest(registry, repository, Describe(bytes).Digest, bytes, body, [.. tags.Select(Tag.Parse)], sparse);
    }

    protected static Descriptor Describe(NewManifest manifest) => new(manifest.Manifest.MediaType, manifest.Digest, manifest.Bytes.Length);

    /// <summary>Pushes an image with a config and layers of its own; returns it.</summary>
    protected async Task<NewManifest> PushImageAsync(RepositoryName repository, string name, params string[] tags)
    {
        var config = await PushBlobAsync(repository, $"config of {name}");
        var layer = await PushBlobAsync(repository, $"layer of {name}");
        var image = Image(Registry, repository, config, [layer], tags: tags);
        await PutAsync(image);
        return image;
    }

    protected async Task PutAsync(NewManifest manifest) =>
        Assert.Equal(PutManifestOutcome.Stored, (await Store.PutManifestAsync(manifest, Alice, Token)).Outcome);

    protected ValueTask<ManifestRecord?> FindAsync(RepositoryName repository, string tag) =>
        Store.FindManifestAsync(Registry, repository, Reference.To(Tag.Parse(tag)), true, Token);

    protected ValueTask<ManifestRecord?> FindAsync(RepositoryName repository, Digest digest) =>
        Store.FindManifestAsync(Registry, repository, Reference.To(digest), true, Token);

    protected async Task<PrincipalRecord> CreateAsync(NewPrincipal principal)
    {
        var (outcome, made) = await Store.CreatePrincipalAsync(principal, Alice, Token);
        Assert.Equal(CreateOutcome.Created, outcome);
        return made!;
    }

    /// <summary>Walks a list to its end by its own keys.</summary>
    protected static async Task<IReadOnlyList<TOut>> WalkAsync<TItem, TOut>(Func<string?, ValueTask<Page<TItem>>> list, Func<TItem, TOut> select)
    {
        var walked = new List<TOut>();
        for (var page = await list(null); ; page = await list(page.Last))
        {
            walked.AddRange(page.Items.Select(select));
            if (!page.More) return walked;
            Assert.NotNull(page.Last);
        }
    }

    /// <summary>The kinds of the ledger records written after a number.</summary>
    protected async Task<string[]> KindsAfterAsync(long number) =>
        [.. (await Store.ReadLedgerAsync(number, 10_000, Token)).Select(record => record.Kind)];

    protected async Task<long> LastNumberAsync() => (await Store.ReadLedgerAsync(0, 100_000, Token)).Max(record => record.Number);
}

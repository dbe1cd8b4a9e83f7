using System.Text;
using Berth.Metadata;
using Berth.Oci;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Conformance.Metadata;

/// <summary>One play of random operations on a store and its model side by side.</summary>
internal sealed class ModelPlay
{
    private static readonly TimeSpan Grace = TimeSpan.FromHours(24);
    private static readonly Caller Player = new(1, "player", null, null);
    private static readonly string[] Repositories = ["a", "a/b", "a-b", "b"];
    private static readonly string[] Tags = ["v", "v1", "v.1", "V"];
    private static readonly Descriptor[] Contents = [.. Enumerable.Range(0, 4).Select(i => Describe($"content {i}"))];

    private readonly IMetadataStore _store;
    private readonly FakeTimeProvider _time;
    private readonly StoreModel _model = new();
    private readonly List<string> _uploads = [];
    private readonly long _registry;
    private readonly long _firstRecord;

    private ModelPlay(IMetadataStore store, FakeTimeProvider time, long registry, long firstRecord)
    {
        _store = store;
        _time = time;
        _registry = registry;
        _firstRecord = firstRecord;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private DateTimeOffset Now => _time.GetUtcNow();

    public static async Task<ModelPlay> StartAsync(IMetadataStore store, FakeTimeProvider time)
    {
        await store.CreateInstallationAsync(new InstallationRecord("store", "tenant", "subscription", "home", 1), "local", Token);
        var registry = await store.FindRegistryAsync("local", Token);
        return new ModelPlay(store, time, registry!.Id, (await store.ReadLedgerAsync(0, 10, Token))[^1].Number);
    }

    public Task DoAsync(Operation step) => step.Kind switch
    {
        OperationKind.PushBlob => PushAsync(Repositories[step.A], Contents[step.B]),
        OperationKind.PutImage => PutAsync(Image(step.A, step.B, step.C)),
        OperationKind.PutTaggedImage => PutAsync(Image(step.A, step.B, 0, Tags[step.C])),
        OperationKind.PutIndex => PutAsync(Index(step.A, step.B, step.C)),
        OperationKind.DeleteManifest => DeleteManifestAsync(step),
        OperationKind.DeleteTag => DeleteTagAsync(Repositories[step.A], Tags[step.B]),
        OperationKind.DeleteBlob => DeleteBlobAsync(Repositories[step.A], Contents[step.B].Digest),
        OperationKind.Mount => MountAsync(Repositories[step.A], Repositories[step.C], Contents[step.B].Digest),
        OperationKind.Damage => DamageAsync(Contents[step.B].Digest),
        OperationKind.OpenUpload => OpenAsync(Repositories[step.A], Grace * (step.C + 1) / 2),
        OperationKind.AbortUpload => AbortAsync(step.B),
        OperationKind.Renew => RenewAsync(Repositories[step.A], Contents[step.B].Digest),
        _ => AdvanceAsync(TimeSpan.FromHours(1 + (step.A * 9))),
    };

    /// <summary>Lets so much time pass that whatever may end must end.</summary>
    public async Task CollectEverythingAsync()
    {
        for (var i = 0; i < 4; i++) await AdvanceAsync(Grace * 2);
        Assert.All(_model.Leases.Keys, key => Assert.NotNull(_model.Namer(key.Repository, key.Digest)));
        while (await _store.TidyAsync(TimeSpan.FromDays(365), 7, Token) > 0)
        {
        }
    }

    public async Task CompareAsync()
    {
        foreach (var repository in Repositories)
        {
            foreach (var content in Contents) await CompareBlobAsync(repository, content.Digest);
            var tags = _model.Tags.Keys.Where(key => key.Repository == repository).Select(key => key.Tag).Order(StringComparer.Ordinal).ToList();
            var exists = _model.Manifests.Keys.Any(key => key.Repository == repository);
            var page = await _store.ListTagsAsync(_registry, RepositoryName.Parse(repository), null, 100, Token);
            Assert.Equal(exists ? tags : null, page?.Items);
            Assert.Equal(exists, await _store.RepositoryExistsAsync(_registry, RepositoryName.Parse(repository), Token));
            foreach (var tag in tags) Assert.Equal(_model.Tags[(repository, tag)], (await FindAsync(repository, Reference.To(Tag.Parse(tag))))!.Digest);
        }

        foreach (var ((repository, digest), manifest) in _model.Manifests)
        {
            Assert.Equal(manifest.Bytes, (await FindAsync(repository, Reference.To(digest)))!.Bytes);
        }

        var totals = await _store.ReadTotalsAsync(Token);
        Assert.Equal(
            (_model.Blobs.Count, _model.Blobs.Values.Sum(blob => blob.Size), _model.Manifests.Count, _model.Uploads.Count),
            (totals.Blobs, totals.BlobBytes, totals.Manifests, totals.OpenUploads));
        Assert.Equal(_model.Discarded.Order(), (await _store.ListDiscardedAsync(default, 1000, Token)).Items.Select(entry => entry.Location).Order());
        Assert.Equal(_model.Records, (await _store.ReadLedgerAsync(_firstRecord, 10_000, Token)).Count);
        Assert.Empty(await _store.CheckAsync(Token));
    }

    private async Task CompareBlobAsync(string repository, Digest digest)
    {
        var found = await _store.FindBlobAsync(_registry, RepositoryName.Parse(repository), digest, Token);
        if (!_model.Leases.TryGetValue((repository, digest), out var lease))
        {
            Assert.Null(found);
            return;
        }

        var blob = _model.Blobs[digest];
        Assert.NotNull(found);
        Assert.Equal(
            (blob.Location, blob.Damaged, lease, _model.Namer(repository, digest) is not null),
            (found.Location, found.State == BlobState.Damaged, found.LeaseUntil, found.Referenced));
    }

    private ValueTask<ManifestRecord?> FindAsync(string repository, Reference reference) =>
        _store.FindManifestAsync(_registry, RepositoryName.Parse(repository), reference, true, Token);

    private async Task<UploadRecord> OpenUploadAsync(string repository, TimeSpan life, bool writing)
    {
        var id = $"u{_uploads.Count:d4}";
        _uploads.Add(id);
        var upload = await _store.OpenUploadAsync(
            new NewUpload(id, _registry, RepositoryName.Parse(repository), $"at/{id}", DigestAlgorithm.Sha256, Now + life, writing ? Now.AddMinutes(1) : null),
            Player, Token);
        _model.Open(id, repository, upload.Location, Now, Now + life);
        return upload;
    }

    private Task<UploadRecord> OpenAsync(string repository, TimeSpan life) => OpenUploadAsync(repository, life, writing: false);

    private async Task PushAsync(string repository, Descriptor blob)
    {
        var upload = await OpenUploadAsync(repository, Grace, writing: true);
        Assert.True(await _store.CompleteUploadAsync(upload, blob.Digest, blob.Size, Now + Grace, Now + Grace, Player, Token));
        _model.Complete(upload.Id, blob, Now + Grace);
    }

    private async Task AbortAsync(int which)
    {
        if (_uploads.Count == 0) return;
        var id = _uploads[which * 7 % _uploads.Count];
        Assert.Equal(_model.Abort(id), await _store.AbortUploadAsync(id, null, Player, Token));
    }

    private async Task PutAsync(NewManifest manifest) =>
        Assert.Equal(_model.Put(manifest), (await _store.PutManifestAsync(manifest, Player, Token)).Outcome);

    private async Task DeleteManifestAsync(Operation step)
    {
        var manifest = step.C == 0 ? Index(step.A, step.B, step.B) : Image(step.A, step.B, step.C);
        var outcome = (await _store.DeleteManifestAsync(_registry, manifest.Repository, manifest.Digest, Now + Grace, Player, Token)).Outcome;
        Assert.Equal(_model.DeleteManifest(manifest.Repository.Value, manifest.Digest, Now + Grace), outcome);
    }

    private async Task DeleteTagAsync(string repository, string tag) => Assert.Equal(
        _model.DeleteTag(repository, tag), (await _store.DeleteTagAsync(_registry, RepositoryName.Parse(repository), Tag.Parse(tag), Player, Token)).Outcome);

    private async Task DeleteBlobAsync(string repository, Digest digest)
    {
        Assert.Equal(
            _model.DeleteBlob(repository, digest), (await _store.DeleteBlobAsync(_registry, RepositoryName.Parse(repository), digest, Player, Token)).Outcome);
    }

    private async Task MountAsync(string repository, string from, Digest digest)
    {
        var mounted = await _store.MountBlobAsync(
            _registry, RepositoryName.Parse(repository), digest, RepositoryName.Parse(from), [], Now + Grace, Player, Token);
        Assert.Equal(_model.Mount(repository, from, digest, Now + Grace), mounted is not null);
    }

    private async Task DamageAsync(Digest digest)
    {
        var location = _model.Blobs.TryGetValue(digest, out var blob) ? blob.Location : "at/nowhere";
        Assert.Equal(_model.Damage(digest, location), await _store.MarkDamagedAsync(digest, location, Token));
    }

    private async Task RenewAsync(string repository, Digest digest)
    {
        var renewed = await _store.RenewBlobAsync(_registry, RepositoryName.Parse(repository), digest, Now + Grace, Token);
        Assert.Equal(_model.Renew(repository, digest, Now + Grace), renewed is not null);
    }

    /// <summary>Time passes and garbage is collected: what went was allowed to go.</summary>
    private async Task AdvanceAsync(TimeSpan time)
    {
        _time.Advance(time);
        Assert.Equal(_model.Expire(Now), await _store.ExpireUploadsAsync(100, Token));
        while ((await _store.ReviewMembershipsAsync(5, Token)).Reviewed > 0)
        {
        }

        foreach (var (repository, digest) in _model.Leases.Keys.ToList())
        {
            if (await _store.FindBlobAsync(_registry, RepositoryName.Parse(repository), digest, Token) is not null) continue;
            Assert.True(_model.MayEnd(repository, digest, Now), $"{repository} lost {digest} too early.");
            _model.Collected(repository, digest);
        }

        while ((await _store.ReviewBlobsAsync(5, Token)).Reviewed > 0)
        {
        }

        _model.ClaimOrphans();
    }

    private NewManifest Image(int repository, int config, int layer, params string[] tags)
    {
        var name = RepositoryName.Parse(Repositories[repository]);
        var bytes = Encoding.UTF8.GetBytes($"image {config} {layer}");
        var body = new Manifest(MediaTypes.OciManifest, null, Contents[config], [Contents[layer], Contents[layer]], [], null, null);
        return new NewManifest(_registry, name, Digest.Compute(DigestAlgorithm.Sha256, bytes), bytes, body, [.. tags.Select(Tag.Parse)], false);
    }

    private NewManifest Index(int repository, int first, int second)
    {
        var name = RepositoryName.Parse(Repositories[repository]);
        var children = new[] { Image(repository, first, 0), Image(repository, second, 1) };
        var bytes = Encoding.UTF8.GetBytes($"index {first} {second}");
        var body = new Manifest(
            MediaTypes.OciIndex, null, null, [], [.. children.Select(child => new Descriptor(MediaTypes.OciManifest, child.Digest, child.Bytes.Length))], null, null);
        return new NewManifest(_registry, name, Digest.Compute(DigestAlgorithm.Sha256, bytes), bytes, body, [Tag.Parse("multi")], false);
    }

    private static Descriptor Describe(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return new Descriptor(MediaTypes.OctetStream, Digest.Compute(DigestAlgorithm.Sha256, bytes), bytes.Length);
    }
}

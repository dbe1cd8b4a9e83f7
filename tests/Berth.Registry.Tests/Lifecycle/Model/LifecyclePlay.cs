using System.Collections.Immutable;
using System.Net;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Lifecycle;
using Berth.Registry.Tests.Hosting;
using Berth.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Registry.Tests.Lifecycle.Model;

/// <summary>
/// Plays steps against a registry over real rows and real files, and against the model. After each of them the registry must be whole, and hold what the model says: exactly
/// that where a client acted, and no less than that where a policy did.
/// </summary>
internal sealed partial class LifecyclePlay : IAsyncDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromHours(1);
    private static readonly string[] Names = ["team/app", "team/app2", "team/app/x"];
    private static readonly string[] Tags = ["build-1", "build-2", "v1", "v2", "latest"];
    private static readonly RegistryOptions Options = new() { Lifecycle = new LifecycleOptions { Grace = Grace } };

    // The days of both policies.
    private const int Days = 2;

    private readonly CrashPoint _crash;
    private readonly FakeTimeProvider _time;
    private readonly Dictionary<Digest, Artifact> _known = [];
    private RegistryHost _host;
    private RegistryState _state = new() { Repositories = Names.ToImmutableSortedDictionary(name => name, name => new RepositoryState(name), StringComparer.Ordinal) };

    private LifecyclePlay(RegistryHost host, CrashPoint crash, FakeTimeProvider time) => (_host, _crash, _time) = (host, crash, time);

    private static CancellationToken Token => CancellationToken.None;

    private DateTimeOffset Now => _time.GetUtcNow();

    private IMetadataStore Metadata => _host.Metadata;

    /// <summary>Plays; what it throws says what was broken, and after which step.</summary>
    public static async Task PlayAsync(IReadOnlyList<ModelStep> steps, bool settlesByRules)
    {
        var (crash, time) = (new CrashPoint(), new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero)));
        await using var play = new LifecyclePlay(await RegistryHost.OpenAsync(TestFolder.CreateInMemory("berth-host-").FullName, time, crash, Options), crash, time);
        await play.Metadata.UpdateRegistryAsync(1, new RegistryChanges { SoftDelete = new(false, Days), Retention = new(false, Days) }, Caller.System, Token);
        for (var i = 0; i < steps.Count; i++)
        {
            try
            {
                await play.DoAsync(steps[i]);
                await play.CheckWholeAsync();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"After step {i + 1}, {steps[i]}: {e.Message}", e);
            }
        }

        await play.SettleAsync(settlesByRules);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    /// <summary>Does something that the process may be killed in the middle of.</summary>
    /// <returns>Whether it was: then nobody knows what came of it.</returns>
    private async Task<bool> WithCrashAsync(int crashAt, Func<Task> act)
    {
        if (ClusterStores.AreUsed) crashAt = 0; // What a kill leaves is looked at as a copy of its files.
        if (crashAt > 0) _crash.Arm(_host.Folder, crashAt);
        await act();
        if (crashAt == 0) return false;

        var isMidway = _crash.Strike();
        await _host.DisposeAsync();
        _host = await RegistryHost.OpenAsync(_crash.Left!, _time, _crash, Options);
        return isMidway;
    }

    /// <summary>Acts as a client. The answer must be what the model says, and so must be what is there afterwards.</summary>
    /// <param name="crashAt">Where the process is killed.</param>
    /// <param name="send">Sends the requests; its result is the last answer.</param>
    /// <param name="expected">The answer, and what the registry holds then.</param>
    /// <param name="orRefused">As what it may be refused besides.</param>
    private async Task AskAsync(
        int crashAt, Func<Task<HttpStatusCode>> send, (HttpStatusCode Status, RegistryState After) expected, IReadOnlyCollection<HttpStatusCode>? orRefused = null)
    {
        HttpStatusCode status = default;
        var isUnknown = await WithCrashAsync(crashAt, async () => status = await send());
        var seen = await ObserveAsync();
        if (isUnknown)
        {
            if (IsSame(seen, expected.After)) _state = expected.After;
            AssertSame(_state, seen);
            return;
        }

        if (orRefused?.Contains(status) == true) expected = (status, _state);
        Assert.True(status == expected.Status, $"The answer is {status}, not {expected.Status}.");
        _state = expected.After;
        AssertSame(_state, seen);
    }

    /// <summary>Lets a policy act. It may take what is allowed, and nothing else becomes other than it was.</summary>
    /// <returns>Whether it came to its end.</returns>
    private async Task<bool> LetAsync(int crashAt, Func<Task> act, Func<RepositoryState, Allowance> allow)
    {
        var before = _state;
        var isUnknown = await WithCrashAsync(crashAt, act);
        var seen = await ObserveAsync();
        foreach (var repository in before.Repositories.Values) before = before.With(AssertAllowed(before, repository, seen.Repositories[repository.Name], allow(repository)));
        _state = before;
        AssertSame(_state, seen);
        return !isUnknown;
    }

    private RepositoryState AssertAllowed(RegistryState state, RepositoryState before, RepositoryState seen, Allowance allowed)
    {
        var after = before;
        foreach (var (name, _) in before.Tags.Where(tag => !seen.Tags.ContainsKey(tag.Key)))
        {
            Assert.True(allowed.Tags.Contains(name), $"{before.Name}:{name} went, which something protects. At {RegistryState.Text(Now)} there was\n  {string.Join("\n  ", state.Lines(Now))}");
            after = after.WithoutTag(name, isKept: false, Now);
        }

        foreach (var (name, tag) in after.Tags)
        {
            if (seen.Tags.TryGetValue(name, out var found) && IsArchived(tag.Locks, found.Locks) && allowed.LockedTags.Contains(name))
                after = after with { Tags = after.Tags.SetItem(name, tag with { Locks = found.Locks }) };
        }

        foreach (var (digest, manifest) in before.Manifests)
        {
            var isThere = seen.Manifests.TryGetValue(digest, out var found);
            if (manifest.DeletedAt is null && found is not { DeletedAt: null })
            {
                Assert.True(allowed.Manifests.Contains(digest), $"{before.Name}@{digest} went, which something protects.");
                Assert.True(isThere || !state.KeepsDeleted, $"{before.Name}@{digest} went and cannot be restored.");
            }
            else if (!isThere)
            {
                Assert.True(Allowance.OfDeleted(state, before, manifest, TimeSpan.FromDays(Days), Now), $"{before.Name}@{digest} went for good before its time.");
            }

            if (found is { DeletedAt: null } && IsArchived(manifest.Locks, found.Locks) && allowed.LockedManifests.Contains(digest))
                after = after.With(after.Manifests[digest] with { Locks = found.Locks });
            after = isThere
                ? after.With(after.Manifests[digest] with { DeletedAt = found!.DeletedAt })
                : after with { Manifests = after.Manifests.Remove(digest) };
        }

        foreach (var entry in before.DeletedTags.Except(seen.DeletedTags))
            Assert.True(entry.At <= Now - TimeSpan.FromDays(Days) || !seen.Manifests.ContainsKey(entry.Digest), $"That {before.Name}:{entry.Name} was deleted is forgotten before its time.");
        return after with { DeletedTags = seen.DeletedTags };
    }

    private static bool IsArchived(Locks before, Locks now) => now == (before | Allowance.AgainstDeletion);

    /// <summary>Lets time pass and everything act until nothing changes any more: then what is there is what something protects, and its bytes and no others are on the disk.</summary>
    private async Task SettleAsync(bool byRules)
    {
        await Metadata.UpdateRegistryAsync(1, new RegistryChanges { Retention = new(!byRules, null) }, Caller.System, Token);
        _state = _state with { DeletesUntagged = !byRules };
        IReadOnlyList<ModelRule> rules = [.. ModelRule.Everything.Take(byRules ? 2 : 1)];
        for (var (round, calm) = (0, 0); calm < 3; round++)
        {
            Assert.True(round < 30, "It does not come to rest.");
            _time.Advance(TimeSpan.FromDays(4));
            var before = _state;
            await SweepAsync(0);
            await RunAsync(0, rules);
            await SweepAsync(0);
            calm = IsSame(before, _state) ? calm + 1 : 0;
        }

        var left = _state.Repositories.Values.Select(repository => (repository, AllowedNow(repository, rules)));
        foreach (var (repository, allowed) in left)
        {
            Assert.True(allowed.Tags.Count == 0, $"{repository.Name}: nothing protects {string.Join(", ", allowed.Tags)}, and it is still there.");
            Assert.True(allowed.Manifests.Count == 0, $"{repository.Name}: nothing protects {string.Join(", ", allowed.Manifests)}, and it is still there.");
            Assert.DoesNotContain(repository.Manifests.Values, manifest => manifest.DeletedAt is not null);
        }

        await CheckWholeAsync();
        await CheckBytesAsync();
        foreach (var repository in _state.Repositories.Values) await PullAsync(repository);
    }

    private Allowance AllowedNow(RepositoryState repository, IReadOnlyList<ModelRule> rules)
    {
        var byRules = Allowance.OfRules(_state, repository, rules, Now, Grace, isPlanned: false);
        return _state.DeletesUntagged ? Allowance.OfUntagged(_state, repository, TimeSpan.FromDays(Days), Now, Grace) with { Tags = byRules.Tags } : byRules;
    }

    /// <summary>Pulls all that stands as a client does, with all that it names.</summary>
    private async Task PullAsync(RepositoryState repository)
    {
        foreach (var manifest in repository.Live)
        {
            var isLocked = (repository.Locks | manifest.Locks).HasFlag(Locks.Read);
            Assert.Equal(isLocked ? HttpStatusCode.Forbidden : HttpStatusCode.OK, await _host.Client.GetManifestAsync(repository.Name, manifest.Artifact.Digest.ToString()));
            if (isLocked) continue;
            foreach (var blob in manifest.Artifact.Blobs) Assert.Equal(blob, (await _host.Client.GetBlobAsync(repository.Name, Artifact.DigestOf(blob))).Body);
        }
    }
}

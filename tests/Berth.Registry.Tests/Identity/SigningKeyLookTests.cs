using Berth.Metadata;
using Berth.Registry.Identity;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Registry.Tests.Identity;

/// <summary>How often a node asks the database for a key that it does not know: any stranger can name one.</summary>
public sealed class SigningKeyLookTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly SharedRows _rows = new();
    private readonly List<SigningKeys> _nodes = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _nodes.ForEach(node => node.Dispose());

    [Fact]
    public async Task Nodes_that_made_the_first_keys_at_the_same_moment_know_each_other_s_at_once()
    {
        var nodes = (SigningKeys[])[NewNode(), NewNode(), NewNode()];
        _rows.Hold();
        var keys = nodes.Select(node => node.CurrentAsync(Token).AsTask()).ToArray();
        _rows.Release();
        var ids = (await Task.WhenAll(keys)).Select(key => key.Key.KeyId).ToArray();
        Assert.Equal(3, ids.Distinct().Count());

        foreach (var node in nodes)
        {
            foreach (var id in ids) Assert.NotNull(await node.FindAsync(id, Token));
        }
    }

    [Fact]
    public async Task In_an_installation_s_first_minute_strangers_make_a_node_look_four_times_a_second_and_another_node_s_key_is_known_for_all_that()
    {
        var node = NewNode();
        await node.CurrentAsync(Token);
        var before = _rows.Looks;
        for (var i = 0; i < 300; i++)
        {
            for (var j = 0; j < 3; j++) Assert.Null(await node.FindAsync($"unknown-{i}-{j}", Token));
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.InRange(_rows.Looks - before, 12, 16);
        _rows.Add("another node's", _time.GetUtcNow());
        _time.Advance(TimeSpan.FromMilliseconds(250));
        Assert.NotNull(await node.FindAsync("another node's", Token));
    }

    [Fact]
    public async Task Many_who_bring_a_new_key_at_the_same_moment_are_answered_by_one_look()
    {
        var node = NewNode();
        await node.CurrentAsync(Token);
        _rows.Add("another node's", _time.GetUtcNow());
        var before = _rows.Looks;
        _rows.Hold();

        var found = Enumerable.Range(0, 50).Select(_ => node.FindAsync("another node's", Token).AsTask()).ToArray();
        _rows.Release();

        Assert.All(await Task.WhenAll(found), Assert.NotNull);
        Assert.Equal(1, _rows.Looks - before);
    }

    [Fact]
    public async Task After_it_they_make_it_look_once_a_second()
    {
        var node = NewNode();
        await node.CurrentAsync(Token);
        _time.Advance(SigningKeys.Publication + TimeSpan.FromSeconds(1));
        await node.CurrentAsync(Token);
        var before = _rows.Looks;

        for (var i = 0; i < 300; i++)
        {
            Assert.Null(await node.FindAsync($"unknown-{i}", Token));
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.InRange(_rows.Looks - before, 2, 3);
    }

    private SigningKeys NewNode()
    {
        var node = new SigningKeys(SigningKeys.Registry, _rows, new IdentityOptions(), _time, NullLogger.Instance);
        _nodes.Add(node);
        return node;
    }

    /// <summary>The rows of all nodes, which count who looks and let those who look wait for each other.</summary>
    private sealed class SharedRows : ISigningKeys
    {
        private readonly Lock _lock = new();
        private readonly List<SigningKeyRecord> _keys = [];
        private TaskCompletionSource? _held;
        private int _looks;

        public int Looks => Volatile.Read(ref _looks);

        public void Hold() => _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Release() => Interlocked.Exchange(ref _held, null)!.SetResult();

        public void Add(string id, DateTimeOffset now)
        {
            lock (_lock) _keys.Add(_keys[0] with { Id = id, CreatedAt = now, ActiveFrom = now });
        }

        // What is found is of the moment of the question.
        public async ValueTask<IReadOnlyList<SigningKeyRecord>> ListSigningKeysAsync(string issuer, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _looks);
            SigningKeyRecord[] found;
            lock (_lock) found = [.. _keys];
            if (_held is { } held) await held.Task.WaitAsync(cancellationToken);
            return found;
        }

        public Task AddSigningKeyAsync(SigningKeyRecord key, DateTimeOffset keepSince, CancellationToken cancellationToken)
        {
            lock (_lock) _keys.Add(key);
            return Task.CompletedTask;
        }
    }
}

using Berth.Metadata;
using Berth.Registry.Identity;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Registry.Tests.Identity;

/// <summary>The first keys of an installation, which several nodes may make at the same moment.</summary>
public sealed class FirstSigningKeysTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly Rows _rows = new();

    [Fact]
    public async Task Nodes_that_made_one_each_at_the_same_moment_know_each_others_at_once()
    {
        using var one = Node();
        using var other = Node();

        // Both see that there is none; one has made its own and signs with it before the other makes another.
        _rows.Hold();
        var later = other.CurrentAsync(CancellationToken.None).AsTask();
        await _rows.Held;
        var first = await one.CurrentAsync(CancellationToken.None);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        _rows.GoOn();
        var second = await later;

        Assert.NotEqual(first.Key.KeyId, second.Key.KeyId);
        Assert.NotNull(await one.FindAsync(second.Key.KeyId, CancellationToken.None));
        Assert.NotNull(await other.FindAsync(first.Key.KeyId, CancellationToken.None));
    }

    [Fact]
    public async Task Once_they_have_stood_for_a_minute_keys_that_there_are_not_are_looked_for_once_a_second()
    {
        using var node = Node();
        await node.CurrentAsync(CancellationToken.None);
        _time.Advance(SigningKeys.Publication);
        await node.CurrentAsync(CancellationToken.None);
        var before = _rows.Looks;

        for (var i = 0; i < 10; i++) Assert.Null(await node.FindAsync("nobody's", CancellationToken.None));
        Assert.Equal(before, _rows.Looks);
        _time.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 10; i++) Assert.Null(await node.FindAsync("nobody's", CancellationToken.None));
        Assert.Equal(before + 1, _rows.Looks);
    }

    private SigningKeys Node() => new(SigningKeys.Registry, _rows, new IdentityOptions(), _time, NullLogger.Instance);

    /// <summary>The rows of all nodes; who looks next can be held with what it saw.</summary>
    private sealed class Rows : ISigningKeys
    {
        private readonly List<SigningKeyRecord> _keys = [];
        private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource? _hold;

        public int Looks { get; private set; }

        public Task Held => _held.Task;

        public void Hold() => _hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void GoOn() => _hold!.SetResult();

        public async ValueTask<IReadOnlyList<SigningKeyRecord>> ListSigningKeysAsync(string issuer, CancellationToken cancellationToken)
        {
            Looks++;
            List<SigningKeyRecord> seen = [.. _keys.OrderBy(key => key.ActiveFrom)];
            if (_hold is { } hold && _held.TrySetResult()) await hold.Task;
            return seen;
        }

        public Task AddSigningKeyAsync(SigningKeyRecord key, DateTimeOffset keepSince, CancellationToken cancellationToken)
        {
            _keys.Add(key);
            return Task.CompletedTask;
        }
    }
}

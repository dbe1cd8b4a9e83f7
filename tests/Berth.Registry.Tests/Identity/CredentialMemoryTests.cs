using Berth.Registry.Identity;
using Microsoft.Extensions.Time.Testing;

namespace Berth.Registry.Tests.Identity;

public sealed class CredentialMemoryTests
{
    private static readonly Principal Owner = new(1, "owner", 7);
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_verified_credential_is_known_for_sixty_seconds_at_most()
    {
        var memory = new CredentialMemory(TimeSpan.FromHours(1), _time);
        var key = memory.KeyOf("Basic b3duZXI6c2VjcmV0", 1);
        memory.Remember(key, Owner, null);

        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.Same(Owner, memory.Find(key, out _));

        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(memory.Find(key, out _));
    }

    [Fact]
    public void Another_credential_is_not_known()
    {
        var memory = new CredentialMemory(TimeSpan.FromSeconds(60), _time);
        memory.Remember(memory.KeyOf("Basic b3duZXI6c2VjcmV0", 1), Owner, null);

        Assert.Null(memory.Find(memory.KeyOf("Basic b3duZXI6c2VjcmVu", 1), out _));
        Assert.Null(memory.Find(memory.KeyOf(new string('x', 5_000), 1), out _));
    }

    [Fact]
    public void A_credential_of_one_registry_is_not_known_to_another()
    {
        var memory = new CredentialMemory(TimeSpan.FromSeconds(60), _time);
        memory.Remember(memory.KeyOf("Basic b3duZXI6c2VjcmV0", 1), Owner, null);

        Assert.Null(memory.Find(memory.KeyOf("Basic b3duZXI6c2VjcmV0", 2), out _));
    }

    [Fact]
    public void A_credential_is_not_remembered_beyond_its_end()
    {
        var memory = new CredentialMemory(TimeSpan.FromSeconds(60), _time);
        var key = memory.KeyOf("Basic b3duZXI6c2VjcmV0", 1);
        memory.Remember(key, Owner, _time.GetUtcNow() + TimeSpan.FromSeconds(5));

        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Null(memory.Find(key, out _));
    }

    [Fact]
    public void Two_processes_keep_a_credential_under_different_keys() => Assert.NotEqual(
        new CredentialMemory(TimeSpan.FromSeconds(60), _time).KeyOf("Basic x", 1),
        new CredentialMemory(TimeSpan.FromSeconds(60), _time).KeyOf("Basic x", 1));
}

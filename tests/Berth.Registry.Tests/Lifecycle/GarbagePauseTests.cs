using Berth.Metadata;
using Berth.Registry.Lifecycle;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Lifecycle;

/// <summary>A pause that begins while a round is at work: the round ends before its next step, whatever it is at.</summary>
public sealed class GarbagePauseTests
{
    private static readonly Caller Owner = new(1, "owner", null, null);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_ends_a_round_in_which_a_policy_deletes()
    {
        await using var host = await RegistryHost.StartAsync();
        var expiry = new EndlessExpiry(host, pausesAt: 3);
        var policies = ActivatorUtilities.CreateInstance<DeletionPolicies>(host.Services, expiry);
        using var collector = ActivatorUtilities.CreateInstance<GarbageCollector>(host.Services, policies);

        await collector.SweepAsync(Token);

        Assert.Equal(3, expiry.Steps);
        Assert.False(host.Services.GetRequiredService<GarbageRounds>().Last!.IsWhole);
    }

    [Fact]
    public async Task It_ends_a_round_in_which_a_deleted_registry_is_deleted_for_good()
    {
        await using var host = await RegistryHost.StartAsync();
        var gone = (await host.Metadata.CreateRegistryAsync(new NewRegistry("gone", "subscription", "default", "", ""), Caller.System, Token)).Record!;
        Assert.True(await host.Metadata.DeleteRegistryAsync(gone.Id, Caller.System, Token));
        Assert.True(await host.Metadata.BeginPurgeAsync(gone.Id, Caller.System, Token));
        var expiry = new EndlessExpiry(host, pausesAt: 3);
        var purge = ActivatorUtilities.CreateInstance<RegistryPurge>(host.Services, expiry);

        Assert.False(await purge.RunAsync(Token));

        Assert.Equal(3, expiry.Steps);
        Assert.Equal([gone.Id], await host.Metadata.ListPurgingAsync(0, 10, Token));
        await host.Metadata.SetDeletionPauseAsync(null, Owner, Token);
        Assert.True(await host.Services.GetRequiredService<RegistryPurge>().RunAsync(Token));
        Assert.Empty(await host.Metadata.ListPurgingAsync(0, 10, Token));
    }

    /// <summary>Always has more to delete, until somebody pauses deletion.</summary>
    private sealed class EndlessExpiry(RegistryHost host, int pausesAt) : IExpiry
    {
        public int Steps { get; private set; }

        public async Task<ExpiryResult> DeleteUntaggedAsync(TimeSpan grace, int limit, CancellationToken cancellationToken)
        {
            await StepAsync(cancellationToken);
            return new ExpiryResult(Deleted: 1, PutOff: 0, Tags: 0, Restorable: 0, More: true);
        }

        public Task<ExpiryResult> ExpireReferrersAsync(TimeSpan age, TimeSpan grace, int limit, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("The pause should have ended the round before this.");

        public Task<ExpiryResult> ExpireDeletedAsync(TimeSpan grace, int limit, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("The pause should have ended the round before this.");

        public async Task<bool> PurgeDeletedStepAsync(long registryId, TimeSpan grace, int limit, CancellationToken cancellationToken)
        {
            await StepAsync(cancellationToken);
            return true;
        }

        private async Task StepAsync(CancellationToken cancellationToken)
        {
            if (++Steps == pausesAt) await host.Metadata.SetDeletionPauseAsync(host.Time.GetUtcNow().AddHours(1), Owner, cancellationToken);
        }
    }
}

using Berth.Metadata;
using Berth.Registry.Jobs;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Jobs;

/// <summary>Work that one node does at a time, by two nodes on the same rows.</summary>
public sealed class SharedJobsTests
{
    private const string Job = "a-job";
    private static readonly TimeSpan Keep = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task One_node_does_a_job_until_it_gives_it_back()
    {
        await using var host = await RegistryHost.StartAsync();
        var (one, two) = (ManyProcesses.NewNode(host), ManyProcesses.NewNode(host));
        List<(string Node, bool IsNew)> rounds = [];

        Assert.True(await RunAsync(one, "one"));
        Assert.False(await RunAsync(two, "two"));
        host.Time.Advance(Keep / 2);
        Assert.True(await RunAsync(one, "one"));
        host.Time.Advance(Keep - TimeSpan.FromSeconds(1));
        Assert.False(await RunAsync(two, "two"));

        await one.StopAsync(CancellationToken.None);
        Assert.True(await RunAsync(two, "two"));
        Assert.False(await RunAsync(one, "one"));
        Assert.Equal([("one", true), ("one", false), ("two", true)], rounds);

        Task<bool> RunAsync(SharedJobs node, string name) => node.RunAsync(
            Job, Keep,
            (isNew, _) =>
            {
                rounds.Add((name, isNew));
                return Task.CompletedTask;
            },
            CancellationToken.None);
    }

    [Fact]
    public async Task A_node_that_was_killed_is_taken_over_when_its_lease_ends()
    {
        await using var host = await RegistryHost.StartAsync();
        var (killed, other) = (ManyProcesses.NewNode(host), ManyProcesses.NewNode(host));
        Assert.True(await killed.RunAsync(Job, TimeSpan.Zero, (_, _) => Task.CompletedTask, CancellationToken.None));

        host.Time.Advance(SharedJobs.LeaseTime - TimeSpan.FromSeconds(1));
        Assert.False(await other.RunAsync(Job, TimeSpan.Zero, (_, _) => Task.CompletedTask, CancellationToken.None));
        host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await other.RunAsync(Job, TimeSpan.Zero, (_, _) => Task.CompletedTask, CancellationToken.None));
    }

    [Fact]
    public async Task A_node_that_was_given_no_time_for_its_end_gives_its_jobs_back_all_the_same()
    {
        await using var host = await RegistryHost.StartAsync();
        var (one, two) = (ManyProcesses.NewNode(host), ManyProcesses.NewNode(host));
        foreach (var job in (string[])[Job, "another-job"]) Assert.True(await one.RunAsync(job, Keep, (_, _) => Task.CompletedTask, CancellationToken.None));

        await one.StopAsync(new CancellationToken(canceled: true));

        foreach (var job in (string[])[Job, "another-job"]) Assert.True(await two.RunAsync(job, Keep, (_, _) => Task.CompletedTask, CancellationToken.None));
    }

    [Fact]
    public async Task A_round_that_stood_still_writes_nothing_after_another_node_took_over()
    {
        await using var host = await RegistryHost.StartAsync();
        var (slow, other) = (ManyProcesses.NewNode(host), ManyProcesses.NewNode(host));
        var (standing, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var round = slow.RunAsync(
            Job, Keep,
            async (_, _) =>
            {
                standing.SetResult();
                await goOn.Task;
                await host.Metadata.SetDeletionPauseAsync(host.Time.GetUtcNow().AddHours(1), new Caller(1, "owner", null, null), CancellationToken.None);
            },
            CancellationToken.None);
        await standing.Task.WaitAsync(TimeSpan.FromSeconds(20));

        // As when the process was stopped: its renewals stood still, too.
        var stolen = (await host.Metadata.ListLeasesAsync(10, CancellationToken.None)).Single(lease => lease.Lease.Name == Job);
        await host.Metadata.ReleaseLeaseAsync(stolen.Lease, CancellationToken.None);
        Assert.True(await other.RunAsync(Job, Keep, (_, _) => Task.CompletedTask, CancellationToken.None));
        goOn.SetResult();

        var lost = await Assert.ThrowsAsync<LeaseLostException>(() => round.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(Job, lost.Lease.Name);
        Assert.Null((await host.Metadata.ReadDeletionStateAsync(CancellationToken.None)).PausedUntil);
    }

    [Fact]
    public async Task A_round_ends_when_its_lease_was_taken_over_meanwhile()
    {
        await using var host = await RegistryHost.StartAsync();
        var (slow, other) = (ManyProcesses.NewNode(host), ManyProcesses.NewNode(host));
        var standing = new TaskCompletionSource();
        var round = slow.RunAsync(
            Job, Keep,
            async (_, token) =>
            {
                standing.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, token);
            },
            CancellationToken.None);
        await standing.Task.WaitAsync(TimeSpan.FromSeconds(20));
        var held = (await host.Metadata.ListLeasesAsync(10, CancellationToken.None)).Single(lease => lease.Lease.Name == Job);
        await host.Metadata.ReleaseLeaseAsync(held.Lease, CancellationToken.None);
        Assert.True(await other.RunAsync(Job, Keep, (_, _) => Task.CompletedTask, CancellationToken.None));

        host.Time.Advance(SharedJobs.LeaseTime / 2);

        await Assert.ThrowsAsync<LeaseLostException>(() => round.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task Where_no_other_process_can_be_there_rounds_just_run()
    {
        RegistryHost.RequireEmbedded();
        await using var host = await RegistryHost.StartAsync();
        var jobs = host.Services.GetRequiredService<SharedJobs>();

        Assert.True(await jobs.RunAsync(Job, Keep, (_, _) => Task.CompletedTask, CancellationToken.None));

        Assert.Empty(await host.Metadata.ListLeasesAsync(10, CancellationToken.None));
    }
}

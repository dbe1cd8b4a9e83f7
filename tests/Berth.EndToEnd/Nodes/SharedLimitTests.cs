using Berth.Testing;

namespace Berth.EndToEnd.Nodes;

/// <summary>A limit a minute at three servers on one database: it is that of all of them together, wherever the requests come in.</summary>
public sealed class SharedLimitTests
{
    private const int PerMinute = 900;
    private const string Tag = "latest";

    private static readonly TimeSpan Length = TimeSpan.FromSeconds(TestRun.IsLong ? 60 : 15);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(8);

    private readonly string _repository = $"limited/{Content.Name()}";

    [Fact]
    public async Task Three_nodes_together_serve_what_the_limit_allows_whether_the_balancer_is_even_or_not()
    {
        NodeGroup.Require();
        await using var group = await NodeGroup.StartAsync("limits", 3, new Dictionary<string, string> { ["BERTH_RateLimits__Read__Total"] = $"{PerMinute}" });
        try
        {
            await group.Clients[0].PushImageAsync(_repository, Tag);
            await EmptyAsync(group);
            await ExpectAsync(group, 18, 18, 18);
            await ExpectAsync(group, 48, 3, 3);
            await ExpectAsync(group, 0, 0, 54);

            // What a node had that is gone, the others have.
            await group.Servers[2].KillAsync();
            await ExpectAsync(group, 27, 27, 0);
        }
        finally
        {
            group.KeepLogsOfFailure();
        }
    }

    // All that the buckets hold at the start.
    private async Task EmptyAsync(NodeGroup group) => await Task.WhenAll(group.Clients.Select(async client =>
    {
        for (var (sent, refused) = (0, 0); refused < 5; sent++)
        {
            Assert.True(sent < 3 * PerMinute, "nothing is refused");
            if ((await client.HeadManifestAsync(_repository, Tag)).Expect(200, 429).Status == 429) refused++;
        }
    }));

    // Asked for so much a second of each, more than the limit allows in all.
    private async Task ExpectAsync(NodeGroup group, params int[] rates)
    {
        await SendAsync(group, rates, Settling);
        var (served, asked) = await SendAsync(group, rates, Length);
        var allowed = PerMinute * Length.TotalMinutes;
        TestContext.Current.SendDiagnosticMessage($"{string.Join('/', rates)} a second: {served} of {asked} served, {allowed} allowed");
        Assert.True(asked > 2 * allowed, $"only {asked} were asked for");
        Assert.InRange(served, allowed * 0.9, allowed * 1.1);
    }

    private async Task<(int Served, int Asked)> SendAsync(NodeGroup group, int[] rates, TimeSpan length)
    {
        var (served, asked) = (0, 0);
        await Task.WhenAll(Enumerable.Range(0, rates.Length).Where(node => rates[node] > 0).Select(async node =>
        {
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / rates[node]));
            var sending = new List<Task>();
            var begin = TimeProvider.System.GetTimestamp();
            while (TimeProvider.System.GetElapsedTime(begin) < length)
            {
                sending.Add(OneAsync(group.Clients[node]));
                await timer.WaitForNextTickAsync();
            }

            await Task.WhenAll(sending);
        }));
        return (served, asked);

        async Task OneAsync(RegistryClient client)
        {
            var status = (await client.HeadManifestAsync(_repository, Tag)).Expect(200, 429).Status;
            Interlocked.Increment(ref asked);
            if (status == 200) Interlocked.Increment(ref served);
        }
    }
}

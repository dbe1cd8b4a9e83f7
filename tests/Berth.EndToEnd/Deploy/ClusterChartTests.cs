using System.Collections.Concurrent;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Deploy;

/// <summary>Nodes with the settings that the chart gives the pods of a cluster, on a real database and an object store.</summary>
public sealed class ClusterChartTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("berth-cluster-");

    [Fact]
    public async Task Pods_that_start_for_the_first_time_at_once_serve_one_installation_and_are_replaced_one_by_one_without_loss()
    {
        if (BuiltProgram.Server is null) Tool.Lacking("There is no built berth-server.");
        await using var stores = await SharedStoresActions.MakeAsync();
        var settings = await SettingsAsync(stores);
        await using var first = stores.Node("pod-1", settings);
        await using var second = stores.Node("pod-2", settings);
        await Task.WhenAll(first.StartAsync(TimeSpan.FromSeconds(90)), second.StartAsync(TimeSpan.FromSeconds(90)));

        // What is pushed to one is there at the other.
        using var one = new RegistryClient(first.Endpoint);
        using var other = new RegistryClient(second.Endpoint);
        var image = await one.PushImageAsync("team/app", "1");
        Assert.Equal(image.Bytes, (await other.GetManifestAsync("team/app", "1")).Expect(200).Body);
        Assert.Equal(image.Bytes, (await other.GetManifestAsync("team/app", image.Digest)).Expect(200).Body);

        // A third takes the place of the first, which is told to end while clients push to those that say they are ready.
        await using var third = stores.Node("pod-3", settings);
        await third.StartAsync(TimeSpan.FromSeconds(90));
        var pushed = new ConcurrentBag<string>();
        using var done = new CancellationTokenSource();
        var pushing = Task.WhenAll(Enumerable.Range(0, 2).Select(pusher => PushAsync(pusher, [first, second, third], pushed, done.Token)));
        await UntilAsync(() => pushed.Count > 3);
        Assert.Equal(0, await first.StopAsync(TimeSpan.FromSeconds(60)));
        var sofar = pushed.Count;
        await UntilAsync(() => pushed.Count > sofar + 3);
        await done.CancelAsync();
        await pushing;
        foreach (var tag in pushed) (await other.GetManifestAsync("team/rolled", tag)).Expect(200);
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);

    private async Task<Dictionary<string, string>> SettingsAsync(SharedStores stores)
    {
        var rendered = HelmChart.Variables(await new HelmChart(_folder.FullName).ObjectsAsync("clusterazure", "--set", "drain.preStopSeconds=3"));
        var real = stores.OwnedSettings();
        foreach (var (name, value) in rendered)
        {
            // What names a secret or a place is this test's; all else is the chart's.
            if (!real.ContainsKey(name)) real[name] = value;
        }

        Assert.Equal("3s", real["BERTH_Shutdown__Delay"]);
        return real;
    }

    /// <summary>Each push goes to the next node that says it is ready, as a balancer sends it; none may fail.</summary>
    private static async Task PushAsync(int pusher, ServerProcess[] nodes, ConcurrentBag<string> pushed, CancellationToken cancellationToken)
    {
        for (var turn = pusher; !cancellationToken.IsCancellationRequested; turn++)
        {
            var node = nodes[turn % nodes.Length];
            using var client = new RegistryClient(node.Endpoint);
            if (!await IsReadyAsync(client)) continue;
            var tag = $"t{pusher}-{turn}";
            await client.PushImageAsync("team/rolled", tag);
            pushed.Add(tag);
        }
    }

    private static async Task<bool> IsReadyAsync(RegistryClient client)
    {
        try
        {
            return (await client.GetAsync("/healthz/ready")).Status == 200;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        for (var tries = 0; tries < 600 && !isSo(); tries++) await Task.Delay(100);
        Assert.True(isSo());
    }
}

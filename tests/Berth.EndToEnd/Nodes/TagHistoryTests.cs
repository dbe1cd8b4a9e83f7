using System.Collections.Concurrent;
using System.Diagnostics;
using Berth.Testing;
using Berth.Testing.Histories;

namespace Berth.EndToEnd.Nodes;

/// <summary>Three servers on one database, and nothing on them but what the test does.</summary>
public sealed class ThreeNodes : NodeGroupFixture
{
    internal override Task<NodeGroup> StartAsync() => NodeGroup.StartAsync("histories", 3);
}

/// <summary>
/// Tags as clients of several nodes see them: each behaves as one register, whichever node is asked, while one is killed. The histories that clients recorded are checked, each tag's by itself.
/// </summary>
public sealed class TagHistoryTests(ThreeNodes nodes) : NodeGroupTest<ThreeNodes>(nodes)
{
    private const int Workers = 9;
    private const string There = "there";

    private static readonly string[] Tags = ["t0", "t1", "t2", "t3"];
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(TestRun.IsLong ? 90 : 8);
    private static readonly int Kills = TestRun.IsLong ? 6 : 1;

    private readonly string _repository = $"history/{Content.Name()}";
    private readonly ConcurrentDictionary<string, ConcurrentQueue<RegisterCall>> _histories = new(Tags.Select(tag => KeyValuePair.Create(tag, new ConcurrentQueue<RegisterCall>())));
    private readonly bool[] _isUp = [true, true, true];
    private long _written;

    [Fact]
    public async Task Writes_and_reads_of_a_tag_at_three_nodes_have_one_order_while_one_is_killed()
    {
        var config = await Nodes.Group.Clients[0].PushAsync(_repository, BlobContent.Config());
        foreach (var client in Nodes.Group.Clients) await client.PushAsync(_repository, ManifestContent.Image(config, []), "seen");

        using var end = new CancellationTokenSource(Length);
        var workers = Enumerable.Range(0, Workers).Select(worker => Task.Run(() => WorkAsync(worker, config, end.Token))).ToList();
        var kills = KillAsync();
        await Task.WhenAll(workers);
        await kills;

        // What the clients recorded is whole: each node served, and most calls are known.
        var all = _histories.Values.SelectMany(history => history).ToList();
        var unknown = all.Count(call => call.Returned is null);
        TestContext.Current.SendDiagnosticMessage($"{all.Count} calls, {unknown} with an unknown end, {all.Count(call => call.Action == RegisterAction.Read)} reads");
        Assert.True(all.Count > 200 && unknown < all.Count / 4, $"{all.Count} calls, {unknown} unknown");
        for (var node = 0; node < 3; node++) Assert.Contains(all, call => call.Client.EndsWith($"@{node}", StringComparison.Ordinal) && call.Returned is not null);
        Assert.All(_histories, history => Assert.Null(RegisterChecker.FindFault(history.Value)));
    }

    private async Task KillAsync()
    {
        for (var kill = 0; kill < Kills; kill++)
        {
            var node = (kill + 1) % 3;
            await Task.Delay(Length / (Kills + 2), CancellationToken.None);
            var killed = Nodes.Group.Servers[node].KillAsync();

            // What is under way there is cut off; more than that says nothing.
            _isUp[node] = false;
            await killed;
            await Nodes.Group.StartAgainAsync(node);
            _isUp[node] = true;
        }
    }

    private async Task WorkAsync(int worker, BlobContent config, CancellationToken end)
    {
        var random = new Random(worker);
        while (!end.IsCancellationRequested)
        {
            var node = random.Next(3);
            var dice = random.Next(100);
            if (!_isUp[node]) node = (node + 1) % 3;
            var action = dice < 55 ? RegisterAction.Read : dice < 85 ? RegisterAction.Write : RegisterAction.Delete;
            await CallAsync($"{worker}@{node}", Nodes.Group.Clients[node], action, dice % 2 == 0, Tags[random.Next(Tags.Length)], config);
        }
    }

    private async Task CallAsync(string caller, RegistryClient client, RegisterAction action, bool isHead, string tag, BlobContent config)
    {
        // What each write writes is written once only: what is read says which one it was.
        var number = action == RegisterAction.Write ? Interlocked.Increment(ref _written) : 0;
        var image = action == RegisterAction.Write ? ManifestContent.Image(config, [], json => json["annotations"] = new System.Text.Json.Nodes.JsonObject { ["n"] = $"{number}" }) : null;
        var called = Stopwatch.GetTimestamp();
        Reply? reply = null;
        try
        {
            reply = action switch
            {
                RegisterAction.Write => await client.PutManifestAsync(_repository, image!, tag),
                RegisterAction.Delete => await client.DeleteAsync($"/v2/{_repository}/manifests/{tag}"),
                _ => isHead ? await client.HeadManifestAsync(_repository, tag) : await client.GetManifestAsync(_repository, tag),
            };
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException)
        {
            // The node was killed: what was under way may have happened, or may yet.
        }

        var returned = Stopwatch.GetTimestamp();
        var call = new RegisterCall(caller, action, image?.Digest, called, returned);
        if (reply is null or { Status: >= 500 }) Record(tag, action == RegisterAction.Delete ? call with { Value = There, Returned = null } : call with { Returned = null });
        else if (action == RegisterAction.Write && reply.Expect(201).Status == 201) Record(tag, call);
        else if (action == RegisterAction.Delete) Record(tag, call with { Value = reply.Expect(202, 404).Status == 202 ? There : null });
        else Record(tag, call with { Value = reply.Expect(200, 404).Status == 200 ? reply.Digest : null });
    }

    // A read that nobody knows the answer of says nothing.
    private void Record(string tag, RegisterCall call)
    {
        if (call.Returned is not null || call.Action != RegisterAction.Read) _histories[tag].Enqueue(call);
    }
}

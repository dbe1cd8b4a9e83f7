using System.Diagnostics;
using System.Text.Json;
using Berth.Testing;

namespace Berth.EndToEnd.Nodes;

/// <summary>The diagnostic logs of two servers on one database that both have them on.</summary>
public sealed class NodesDiagnosticsTests
{
    [Fact]
    public async Task Each_push_is_one_line_at_one_of_two_nodes_and_a_node_that_is_killed_is_taken_over()
    {
        NodeGroup.Require();
        await using var group = await NodeGroup.StartAsync("diagnostics", 2, new Dictionary<string, string> { ["BERTH_Diagnostics__RepositoryEvents"] = "true" });
        try
        {
            var repository = $"logged/{Content.Name()}";
            var pushed = new List<string>();
            await PushAsync(6);
            await EventuallyAsync(() => Tags().Count >= pushed.Count, TimeSpan.FromSeconds(30));
            Assert.Equal(pushed, Tags().Order());
            var writer = Lines(0).Count > 0 ? 0 : 1;
            Assert.Empty(Lines(1 - writer));

            // One that ends gives the work back; one that is killed keeps it for half a minute.
            if (TestRun.IsLong) await group.Servers[writer].KillAsync();
            else Assert.Equal(0, await group.Servers[writer].StopAsync(TimeSpan.FromSeconds(40)));
            for (var i = 0; i < 3; i++) await PushToAsync(1 - writer);
            await EventuallyAsync(() => Tags().Count >= pushed.Count, TimeSpan.FromSeconds(90));
            Assert.Equal(pushed, Tags().Order());
            Assert.Equal(3, Lines(1 - writer).Count);

            async Task PushAsync(int count)
            {
                for (var i = 0; i < count; i++) await PushToAsync(i % 2);
            }

            async Task PushToAsync(int node)
            {
                pushed.Add($"v{pushed.Count}");
                await group.Clients[node].PushImageAsync(repository, pushed[^1]);
            }

            List<string> Tags() => [.. Lines(0).Concat(Lines(1))];
        }
        finally
        {
            group.KeepLogsOfFailure();
        }

        // The tags of the pushes that a node wrote.
        List<string> Lines(int node)
        {
            var file = Path.Combine(group.Servers[node].Data, "diagnostics", "events.jsonl");
            if (!File.Exists(file)) return [];
            using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line))
                .Where(line => line.GetProperty("OperationName").GetString() == "Push").Select(line => line.GetProperty("Tag").GetString()!)];
        }
    }

    private static async Task EventuallyAsync(Func<bool> holds, TimeSpan limit)
    {
        var clock = Stopwatch.StartNew();
        while (!holds())
        {
            Assert.True(clock.Elapsed < limit, "it does not come to hold");
            await Task.Delay(200);
        }
    }
}

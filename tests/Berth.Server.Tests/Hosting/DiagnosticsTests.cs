using System.Text.Json;

namespace Berth.Server.Tests.Hosting;

/// <summary>A real server that writes diagnostic logs and is killed in between.</summary>
public sealed class DiagnosticsTests : IDisposable
{
    private const string Index = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Each_push_has_one_line_whenever_the_server_was_killed()
    {
        var settings = new Dictionary<string, string?> { ["BERTH_Diagnostics__RepositoryEvents"] = "true", ["BERTH_Diagnostics__LoginEvents"] = "true" };
        var pushed = new List<string>();
        for (var life = 0; life < 3; life++)
        {
            await using var run = await ServerRun.StartAsync(_folder.Data, variables: settings);
            using var client = ServerRun.Client();
            client.BaseAddress = run.Http;
            client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", ServerRun.Basic());
            if (life == 0) await EventuallyAsync(async () => (await client.GetStringAsync("/metrics")).Contains("berth_ledger_reader_lag{reader=\"diagnostics\"}", StringComparison.Ordinal));
            for (var i = 0; i < 40; i++)
            {
                using var body = new StringContent(Index, null, "application/vnd.oci.image.index.v1+json");
                using var answer = await client.PutAsync(new Uri($"/v2/team/app/manifests/t{life}-{i}", UriKind.Relative), body);
                Assert.True(answer.IsSuccessStatusCode);
                pushed.Add($"t{life}-{i}");
                await Task.Delay(60); // over the times at which lines are written
            }

            if (life < 2) continue; // disposed means killed
            await EventuallyAsync(() => Task.FromResult(Tags().Count >= pushed.Count));
            run.Terminate();
            Assert.Equal(0, await run.WaitForEndAsync());
        }

        Assert.Equal(pushed.Order(), Tags().Order());
    }

    private List<string> Tags()
    {
        var file = Path.Combine(_folder.Data, "diagnostics", "events.jsonl");
        return !File.Exists(file) ? [] : [.. File.ReadAllLines(file).Select(line => JsonElement.Parse(line))
            .Where(line => line.GetProperty("OperationName").GetString() == "Push").Select(line => line.GetProperty("Tag").GetString()!)];
    }

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        for (var i = 0; i < 300; i++)
        {
            if (await condition()) return;
            await Task.Delay(100);
        }

        Assert.Fail("It did not come about within 30 seconds.");
    }
}

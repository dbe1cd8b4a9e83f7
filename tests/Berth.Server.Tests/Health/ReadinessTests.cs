using System.Net;
using Berth.Server.Tests.Hosting;

namespace Berth.Server.Tests.Health;

/// <summary>The readiness of the real program, when its store goes and comes back.</summary>
public sealed class ReadinessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_problem_and_its_end_are_told_once_however_often_somebody_asks()
    {
        await using var run = await ServerRun.StartAsync(_folder.Data);
        using var client = ServerRun.Client();
        var identity = Path.Combine(_folder.Data, "store", "identity");

        File.Move(identity, identity + ".away");
        await EventuallyAsync(AskAsync, HttpStatusCode.ServiceUnavailable);
        for (var i = 0; i < 15; i++)
        {
            Assert.All(await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => AskAsync())), status => Assert.Equal(HttpStatusCode.ServiceUnavailable, status));
            await Task.Delay(100);
        }

        File.Move(identity + ".away", identity);
        await EventuallyAsync(AskAsync, HttpStatusCode.OK);
        for (var i = 0; i < 200 && !run.Errors.Contains("Ready again", StringComparison.Ordinal); i++) await Task.Delay(50);
        var lines = run.Errors.Split('\n');
        Assert.Single(lines, line => line.Contains("Not ready: the blob store is absent or another one", StringComparison.Ordinal));
        Assert.Single(lines, line => line.Contains("Ready again", StringComparison.Ordinal));

        async Task<HttpStatusCode> AskAsync()
        {
            using var answer = await client.GetAsync(new Uri(run.Http, "/healthz/ready"));
            return answer.StatusCode;
        }
    }

    // What was found is the answer for a second, on whatever machine.
    private static async Task EventuallyAsync(Func<Task<HttpStatusCode>> ask, HttpStatusCode expected)
    {
        for (var i = 0; i < 200; i++)
        {
            if (await ask() == expected) return;
            await Task.Delay(50);
        }

        Assert.Fail($"Readiness is not answered {expected}.");
    }
}

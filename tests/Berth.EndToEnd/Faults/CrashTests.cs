using System.Globalization;
using Berth.EndToEnd.Faults.Crash;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Faults;

/// <summary>kill -9 at random moments under load: what was acknowledged is there, what was not is whole or absent, and the store verifies.</summary>
public sealed class CrashTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    private const int Workers = 6;

    [Fact]
    public async Task Every_acknowledged_change_outlives_a_kill_and_nothing_else_is_half_there()
    {
        var rounds = Number("BERTH_TEST_ROUNDS") ?? (TestRun.IsLong ? 300 : 5);
        var seed = Number("BERTH_TEST_SEED") ?? Random.Shared.Next();
        TestContext.Current.SendDiagnosticMessage($"BERTH_TEST_SEED={seed}");
        var random = new Random(seed);
        string[] repositories = [Repo, $"{Repo}/a", $"{Repo}/a/b", $"{Repo}-a"];
        var expectations = new Expectations();
        var upload = new ResumedUpload(Client, Repo, seed);

        for (var round = 0; round < rounds; round++)
        {
            await LoadAndKillAsync(expectations, upload, repositories, random);
            await Fixture.Server.StartAsync(TimeSpan.FromSeconds(60));

            var faults = await new CrashCheck(Client, expectations, repositories).RunAsync(all: round == rounds - 1);
            Assert.True(faults.Count == 0, $"round {round}, seed {seed}: {faults.Count} faults\n{string.Join('\n', faults.Take(20))}");
            await upload.CheckAsync();
        }

        await upload.CompleteAsync();
        Assert.True(expectations.Acknowledged > rounds * 10, $"only {expectations.Acknowledged} changes were acknowledged");
        Assert.Equal(0, await Fixture.Server.StopAsync(TimeSpan.FromSeconds(40)));
        (await Tool.RunAsync(ServerProcess.Find()!, ["storage", "verify", "--data", Fixture.Server.Data], Fixture.Folder)).Succeeded();
        await Fixture.Server.StartAsync(TimeSpan.FromSeconds(30));
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    private async Task LoadAndKillAsync(Expectations expectations, ResumedUpload upload, string[] repositories, Random random)
    {
        using var killed = new CancellationTokenSource();
        var work = Enumerable.Range(0, Workers)
            .Select(i => new CrashWorker(Client, expectations, $"w{i}", random.Next(), repositories).RunAsync(killed.Token))
            .Append(upload.RunAsync(killed.Token))
            .ToList();
        var pause = Task.Delay(TimeSpan.FromSeconds(0.3 + (random.NextDouble() * 2.5)));
        await Task.WhenAny([pause, .. work]);
        await killed.CancelAsync();
        await Fixture.Server.KillAsync();
        await Task.WhenAll(work);
    }
}

using System.Globalization;
using Berth.EndToEnd.Faults.Crash;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Faults;

/// <summary>kill -9 at random moments under load: what was acknowledged is there, what was not is whole or absent, and the store verifies.</summary>
public sealed class CrashTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture, onlyEmbedded: true)
{
    private const int Workers = 6;

    // Each round looks at all that its series has: a series has an end, so that hundreds of rounds cost what they should.
    private const int RoundsOfSeries = 20;

    [Fact]
    public async Task Every_acknowledged_change_outlives_a_kill_and_nothing_else_is_half_there()
    {
        var rounds = Number("BERTH_TEST_ROUNDS") ?? (TestRun.IsLong ? 300 : 5);
        var seed = Number("BERTH_TEST_SEED") ?? Random.Shared.Next();
        TestContext.Current.SendDiagnosticMessage($"BERTH_TEST_SEED={seed}");
        var random = new Random(seed);
        var upload = new ResumedUpload(Client, Repo, seed);
        var series = new List<CrashSeries>();

        for (var round = 0; round < rounds; round++)
        {
            if (round % RoundsOfSeries == 0) series.Add(new CrashSeries(Client, $"{Repo}/s{series.Count}"));
            await LoadAndKillAsync(series[^1], upload, random);
            await Fixture.Server.StartAsync(TimeSpan.FromSeconds(60));
            await series[^1].CheckAsync(all: false, $"round {round}, seed {seed}");
            await upload.CheckAsync();
        }

        foreach (var each in series) await each.CheckAsync(all: true, $"at the end, seed {seed}");
        await upload.CompleteAsync();
        Assert.True(series.Sum(s => s.Acknowledged) > rounds * 10, $"only {series.Sum(s => s.Acknowledged)} changes were acknowledged");
        Assert.Equal(0, await Fixture.Server.StopAsync(TimeSpan.FromSeconds(40)));
        (await Tool.RunAsync(BuiltProgram.Server!, ["storage", "verify", "--data", Fixture.Server.Data], Fixture.Folder)).Succeeded();
        await Fixture.Server.StartAsync(TimeSpan.FromSeconds(30));
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    private async Task LoadAndKillAsync(CrashSeries series, ResumedUpload upload, Random random)
    {
        using var killed = new CancellationTokenSource();
        var work = Enumerable.Range(0, Workers)
            .Select(i => series.WorkAsync($"w{i}", random.Next(), killed.Token))
            .Append(upload.RunAsync(killed.Token))
            .ToList();
        var pause = Task.Delay(TimeSpan.FromSeconds(0.3 + (random.NextDouble() * 2.5)));
        await Task.WhenAny([pause, .. work]);
        await killed.CancelAsync();
        await Fixture.Server.KillAsync();
        await Task.WhenAll(work);
    }
}

using System.Diagnostics;
using System.Globalization;
using Berth.Testing;

namespace Berth.Registry.Tests.Lifecycle.Model;

/// <summary>
/// Random lifecycles of content against a simple model, with kills in between. What is protected can be pulled whole at any time; what nothing protects is gone in the end,
/// rows and bytes; figures are what a recount says; and tags name what the model says.
/// </summary>
public sealed class LifecycleModelTests
{
    private const int Steps = 60;

    [Fact]
    public async Task What_is_protected_stays_and_the_rest_goes_whatever_happens_in_between()
    {
        // BERTH_TEST_SEED plays one again.
        var chosen = Environment.GetEnvironmentVariable("BERTH_TEST_SEED");
        var first = chosen is { Length: > 0 } ? int.Parse(chosen, CultureInfo.InvariantCulture) : TestRun.IsLong ? Random.Shared.Next(1_000_000) : 1;
        var limit = TestRun.IsLong ? TimeSpan.FromMinutes(4) : TimeSpan.FromSeconds(6);
        var (clock, seed) = (Stopwatch.StartNew(), first);
        do await PlayAsync(seed++);
        while (chosen is not { Length: > 0 } && clock.Elapsed < limit);
        TestContext.Current.SendDiagnosticMessage($"{seed - first} lifecycles from {first} on");
    }

    private static async Task PlayAsync(int seed)
    {
        var steps = ModelStep.Of(seed, Steps);
        if (await FindFailureAsync(steps, seed) is not { } failure) return;
        var (fewer, last) = await ShrinkAsync(steps, seed, failure);
        Assert.Fail($"BERTH_TEST_SEED={seed}: {last}\nThe steps:\n  {string.Join(",\n  ", fewer)}\nBefore they were made fewer: {failure}");
    }

    private static async Task<string?> FindFailureAsync(List<ModelStep> steps, int seed)
    {
        try
        {
            await LifecyclePlay.PlayAsync(steps, settlesByRules: seed % 2 == 0);
            return null;
        }
        catch (Exception e)
        {
            return e.Message;
        }
    }

    /// <summary>Leaves out steps, and kills, as long as something is still broken; for a minute at most.</summary>
    private static async Task<(List<ModelStep> Steps, string Failure)> ShrinkAsync(List<ModelStep> steps, int seed, string failure)
    {
        var clock = Stopwatch.StartNew();
        for (var size = steps.Count / 2; size > 0; size /= 2)
        {
            for (var at = 0; at < steps.Count && clock.Elapsed < TimeSpan.FromMinutes(1);)
            {
                List<ModelStep> fewer = [.. steps.Take(at), .. steps.Skip(at + size)];
                if (await FindFailureAsync(fewer, seed) is { } still) (steps, failure) = (fewer, still);
                else at += size;
            }
        }

        var calm = steps.Select(step => step with { CrashAt = 0 }).ToList();
        return await FindFailureAsync(calm, seed) is { } without ? (calm, without) : (steps, failure);
    }
}

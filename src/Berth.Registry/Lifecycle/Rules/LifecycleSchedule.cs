using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Jobs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>
/// Looks, as often as garbage collection does, for rules whose time has come, for plans that nobody works on, and for plans that nobody asks for any more. A rule
/// whose time came several times while nobody looked runs once.
/// </summary>
internal sealed partial class LifecycleSchedule(
    ILifecycleRules rules, ILifecyclePlans plans, LifecycleJobs jobs, SharedJobs shared, LifecycleOptions options, RuleMetrics metrics, TimeProvider time, ILogger<LifecycleSchedule> logger)
    : BackgroundService
{
    private const int Most = 1_000;
    private const int StepsOfForgetting = 100;

    /// <summary>Does all that is due now; the runs that are begun are over when the task ends.</summary>
    public async Task RunDueAsync(CancellationToken cancellationToken) => await Task.WhenAll(await StartDueAsync(cancellationToken)).WaitAsync(cancellationToken);

    /// <summary>Begins all that is due now; the result is the work that is under way.</summary>
    private async Task<IReadOnlyList<Task>> StartDueAsync(CancellationToken cancellationToken)
    {
        var late = await rules.ListDueLifecycleRulesAsync(Most, cancellationToken);
        metrics.SetLag(late.Count == 0 ? TimeSpan.Zero : time.GetUtcNow() - late.Min(rule => rule.NextAt ?? DateTimeOffset.MaxValue));
        foreach (var due in late.GroupBy(rule => rule.RegistryId)) await BeginAsync(due.Key, [.. due], cancellationToken);
        var work = (await plans.ListOpenLifecycleRegistriesAsync(Most, cancellationToken)).Select(jobs.StartIfIdle).ToList();
        var now = time.GetUtcNow();
        for (var step = 0; step < StepsOfForgetting; step++)
        {
            if (!await plans.ForgetLifecycleStepAsync(now - LifecycleJobs.ItemsKept, now - options.LedgerRetention, ILifecyclePlans.LargestPage, cancellationToken)) break;
        }

        return work;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var isHere = await shared.RunAsync("lifecycle-schedule", 2 * options.Interval, async (_, token) => await StartDueAsync(token), stoppingToken);
                if (!isHere) metrics.SetLag(TimeSpan.Zero);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                metrics.Failed();
                LogRoundFailed(e);
            }
        }
    }

    private async Task BeginAsync(long registryId, IReadOnlyList<LifecycleRuleRecord> due, CancellationToken cancellationToken)
    {
        List<LifecycleRule> read = [];
        List<(LifecycleRuleRecord, DateTimeOffset?)> begun = [];
        foreach (var record in due)
        {
            try
            {
                var rule = RuleReader.ReadOne(record.Name, record.Body);
                read.Add(rule);
                begun.Add((record, rule.Schedule is { } schedule ? CronSchedule.Next(schedule, time.GetUtcNow()) : null));
            }
            catch (Exception e) when (e is OciException or System.Text.Json.JsonException)
            {
                LogUnreadable(e, record.Name, registryId);
            }
        }

        if (read.Count == 0) return;
        var plan = new NewLifecyclePlan(registryId, IsRun: true, RuleWriter.Text(read), PreviewId: null, MaxDifference: 0, Cause: "schedule");
        if (await rules.BeginDueRunAsync(plan, begun, cancellationToken) is { } id) LogBegun(id, registryId, string.Join(", ", read.Select(rule => rule.Name)));
    }
}

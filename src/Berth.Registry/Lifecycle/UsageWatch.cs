using Berth.Metadata;
using Berth.Registry.Jobs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle;

/// <summary>
/// Looks at usage once a minute: tells of soft limits that were passed, shows what registries hold as a metric, and remembers it once a day, in UTC, so that growth can
/// be seen. Nothing of it is on the path of a push.
/// </summary>
internal sealed partial class UsageWatch(
    IUsage usage, IQuotas quotas, UsageMetrics metrics, SharedJobs jobs, LifecycleOptions options, TimeProvider time, ILogger<UsageWatch> logger) : BackgroundService
{
    private const int Page = 100;

    private DateOnly _sampled;

    /// <summary>One look. Called by the background loop; never by two at once.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        await TellAsync(cancellationToken);
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var first = await usage.ListRegistryTotalsAsync(0, Page, cancellationToken);
        metrics.SetBytes(first.Select(registry => (registry.Name, registry.Figures.Bytes)));
        if (today == _sampled) return;

        // The registries' samples stand last, and say that those of the repositories do: what changes after the day's first look belongs to the next day.
        var forgetBefore = today.AddDays(-IUsage.DaysOfHistory);
        var isSampled = first.Count > 0 && (await usage.ReadUsageHistoryAsync(first[0].Id, today, cancellationToken)).Count > 0;
        for (long? after = isSampled ? null : 0; after is { } row;) after = await usage.SampleRepositoriesAsync(row, Page, today, forgetBefore, cancellationToken);
        for (var page = first; page.Count > 0; page = await usage.ListRegistryTotalsAsync(page[^1].Id, Page, cancellationToken))
            await usage.SampleUsageAsync(page, today, forgetBefore, cancellationToken);
        _sampled = today;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                // Another node that looks says what registries hold; what this one saw last would be told beside it for ever.
                if (!await jobs.RunAsync("usage-watch", 2 * options.Interval, (_, token) => LookAsync(token), stoppingToken)) metrics.SetBytes([]);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogLookFailed(e);
            }
        }
    }

    private async Task TellAsync(CancellationToken cancellationToken)
    {
        while (await quotas.ListPassedSoftLimitsAsync(Page, cancellationToken) is { Count: > 0 } passed)
        {
            foreach (var one in passed)
            {
                metrics.SoftLimitPassed();
                LogSoftLimitPassed(one.Repository ?? "the registry as a whole", one.Registry, one.Limit, one.Bytes, one.PassedAt);
            }

            await quotas.MarkToldAsync(passed, cancellationToken);
            if (passed.Count < Page) return;
        }
    }
}

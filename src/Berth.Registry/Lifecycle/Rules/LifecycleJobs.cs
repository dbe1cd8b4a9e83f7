using System.Collections.Concurrent;
using Berth.Metadata;
using Berth.Oci;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>
/// Works on plans: those of a registry one after another, and by one process at a time. A plan is rows, so that what a process that ended was doing goes on with the next
/// one.
/// </summary>
internal sealed partial class LifecycleJobs(
    ILifecyclePlans plans, PlanMaker maker, LifecycleOptions options, LifecycleMetrics deletions, RuleMetrics metrics, IHostApplicationLifetime lifetime,
    ILogger<LifecycleJobs> logger)
{
    /// <summary>For how long the items of a plan that ended are remembered.</summary>
    public static readonly TimeSpan ItemsKept = TimeSpan.FromDays(7);

    private readonly ConcurrentDictionary<long, Task> _working = new();
    private readonly Lock _gate = new();

    /// <summary>Works on all open plans of a registry, after what is under way there; the task ends with it, and never fails.</summary>
    public Task Start(long registryId)
    {
        lock (_gate)
        {
            var before = _working.GetValueOrDefault(registryId, Task.CompletedTask);

            // It goes on after the request or the round that begins it, and has the registry's lease: that of the round, which another node may take over meanwhile, does not fence it.
            using (ExecutionContext.SuppressFlow())
            {
                return _working[registryId] = Task.Run(async () =>
                {
                    await before;
                    await WorkAsync(registryId);
                });
            }
        }
    }

    /// <summary>The same, unless work is under way there already.</summary>
    public Task StartIfIdle(long registryId)
    {
        lock (_gate)
        {
            return _working.GetValueOrDefault(registryId) is { IsCompleted: false } working ? working : Start(registryId);
        }
    }

    private async Task WorkAsync(long registryId)
    {
        var stopping = lifetime.ApplicationStopping;
        try
        {
            if (await plans.LeaseLifecycleAsync(registryId, stopping) is not { } lease) return;
            try
            {
                // A run that has to wait, for days perhaps, keeps no preview behind it waiting.
                var after = 0L;
                while (await plans.FindOpenLifecyclePlanAsync(registryId, after, stopping) is { } plan)
                {
                    if (!await WorkAsync(lease, plan, stopping)) after = plan.Id;
                }
            }
            finally
            {
                await plans.ReleaseLifecycleAsync(lease, CancellationToken.None);
            }
        }
        catch (OperationCanceledException)
        {
            // The next process goes on.
        }
        catch (LifecycleLeaseLostException e)
        {
            LogTakenOver(e.Message);
        }
        catch (Exception e)
        {
            // The database does not answer: the plan stays open, and the next round takes it up.
            metrics.Failed();
            LogFailed(e, registryId);
        }
    }

    /// <summary>Works on one plan; false when it has to wait.</summary>
    private async Task<bool> WorkAsync(LifecycleLease lease, LifecyclePlanRecord plan, CancellationToken cancellationToken)
    {
        using var span = RegistryTracing.StartRound("lifecycle.plan")?.SetTag("berth.lifecycle.plan", plan.Id).SetTag("berth.lifecycle.is_run", plan.Plan.IsRun);
        try
        {
            if (plan.State != LifecyclePlanState.Acting)
            {
                // Evaluated now, it would be done days later by what was found now. A preview takes nothing, and waits for nothing.
                if (plan.Plan.IsRun && await plans.FindDeletionHoldAsync(options.Interval, cancellationToken) is { } held)
                {
                    // It is looked at in every round, and says so once.
                    if (plan.Message != SentenceOf(held)) await WaitAsync(lease, plan, LifecyclePlanState.Waiting, held, cancellationToken);
                    return false;
                }

                if (!await EvaluateAsync(lease, plan, cancellationToken)) return true;
            }

            return await ActAsync(lease, plan, cancellationToken);
        }
        catch (Exception e) when (e is not (OperationCanceledException or LifecycleLeaseLostException or MetadataUnavailableException or MetadataFullException))
        {
            RegistryTracing.Failed(span, e);
            metrics.Failed();
            LogPlanFailed(e, plan.Id);
            var sentence = e is OciException ? e.Message : "It could not be carried out to its end; the server's log says why. What was done is done.";
            await plans.SetLifecycleStateAsync(lease, plan.Id, LifecyclePlanState.Failed, sentence, cancellationToken);
            return true;
        }
    }

    /// <summary>Evaluates a plan; whether it is to be done.</summary>
    private async Task<bool> EvaluateAsync(LifecycleLease lease, LifecyclePlanRecord plan, CancellationToken cancellationToken)
    {
        await maker.MakeAsync(lease, plan, cancellationToken);
        metrics.Evaluated();
        if (!plan.Plan.IsRun)
        {
            await plans.SetLifecycleStateAsync(lease, plan.Id, LifecyclePlanState.Done, null, cancellationToken);
            return false;
        }

        var made = await plans.FindLifecyclePlanAsync(lease.RegistryId, plan.Id, cancellationToken);
        if (made is not null && await FindDifferenceAsync(made, cancellationToken) is { } difference)
        {
            metrics.Stopped();
            LogStopped(plan.Id, difference);
            await plans.SetLifecycleStateAsync(lease, plan.Id, LifecyclePlanState.Stopped, difference, cancellationToken);
            return false;
        }

        await plans.SetLifecycleStateAsync(lease, plan.Id, LifecyclePlanState.Acting, null, cancellationToken);
        return true;
    }

    private async Task<string?> FindDifferenceAsync(LifecyclePlanRecord run, CancellationToken cancellationToken)
    {
        if (run.Plan.PreviewId is not { } id) return null;
        if (await plans.FindLifecyclePlanAsync(run.Plan.RegistryId, id, cancellationToken) is not { State: LifecyclePlanState.Done } preview)
            return $"The preview {id} is not there any more. Make another one.";
        var gone = preview.Taken - (run.Taken - run.Added);
        return (run.Added + gone) * 1_000 > (long)run.Plan.MaxDifference * Math.Max(preview.Taken, 1)
            ? $"{(run.Done == 0 ? "Nothing" : "Nothing more")} was done: what the rules take now differs from preview {id} by {run.Added + gone} of its {preview.Taken} items ({run.Added} more, {gone} less), over the share of "
                + $"{run.Plan.MaxDifference / 10.0:0.#} %. Look at a new preview, or allow a larger difference."
            : null;
    }

    private async Task<bool> ActAsync(LifecycleLease lease, LifecyclePlanRecord plan, CancellationToken cancellationToken)
    {
        for (LifecycleItemKey? after = LifecycleItemKey.Start; after is not null;)
        {
            var step = await plans.ActLifecycleStepAsync(lease, plan.Id, after, options.Grace, options.Interval, cancellationToken);
            if (step.Held is { } held)
            {
                // The step has said whether it begins anew.
                var stood = await plans.FindLifecyclePlanAsync(lease.RegistryId, plan.Id, cancellationToken);
                await WaitAsync(lease, plan, stood?.State ?? LifecyclePlanState.Waiting, held, cancellationToken);
                return false;
            }

            metrics.Acted(step.Done, step.Skipped);
            deletions.SoftDeleted(step.Restorable);
            after = step.Next;
        }

        await plans.SetLifecycleStateAsync(lease, plan.Id, LifecyclePlanState.Done, null, cancellationToken);
        LogDone(plan.Id);
        return true;
    }

    /// <summary>Lets a run wait for the end of what holds deletion; the schedule's next round after that goes on with it.</summary>
    private async Task WaitAsync(LifecycleLease lease, LifecyclePlanRecord plan, LifecyclePlanState state, DeletionHold held, CancellationToken cancellationToken)
    {
        var sentence = SentenceOf(held);
        LogHeld(plan.Id, sentence);
        await plans.SetLifecycleStateAsync(lease, plan.Id, state, sentence, cancellationToken);
    }

    private static string SentenceOf(DeletionHold held) => held.Reason switch
    {
        DeletionHoldReason.Paused => $"It waits until {held.Until:u}, or until the pause is ended: somebody paused deletion.",
        DeletionHoldReason.Suspended => $"It waits until {held.Until:u}: the clock stepped, or the metadata was restored or moved, and nothing is deleted for one grace.",
        _ => "It waits for garbage collection's next look at the clock, which nobody has looked at lately: nothing is deleted meanwhile.",
    };
}

using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle.Rules;

internal sealed partial class LifecycleJobs
{
    [LoggerMessage(6230, LogLevel.Error, "Work on the lifecycle plans of the registry of row {Registry} ended early; what is open stays open, and the next round goes on")]
    private partial void LogFailed(Exception e, long registry);

    [LoggerMessage(6231, LogLevel.Error, "Lifecycle plan {Plan} failed")]
    private partial void LogPlanFailed(Exception e, long plan);

    [LoggerMessage(6232, LogLevel.Warning, "Lifecycle run {Plan} was stopped: {Difference}")]
    private partial void LogStopped(long plan, string difference);

    [LoggerMessage(6233, LogLevel.Warning, "Lifecycle run {Plan} is held. {Sentence}")]
    private partial void LogHeld(long plan, string sentence);

    [LoggerMessage(6234, LogLevel.Information, "Lifecycle run {Plan} is done")]
    private partial void LogDone(long plan);

    [LoggerMessage(6235, LogLevel.Information, "{Sentence}")]
    private partial void LogTakenOver(string sentence);
}

internal sealed partial class LifecycleSchedule
{
    [LoggerMessage(6240, LogLevel.Error, "A round of lifecycle schedules failed; what is due stays due")]
    private partial void LogRoundFailed(Exception e);

    [LoggerMessage(6241, LogLevel.Error, "The lifecycle rule {Rule} of the registry of row {Registry} cannot be read, and does not run until it is saved again")]
    private partial void LogUnreadable(Exception e, string rule, long registry);

    [LoggerMessage(6242, LogLevel.Information, "Lifecycle run {Plan} of the registry of row {Registry} begins by schedule, with {Rules}")]
    private partial void LogBegun(long plan, long registry, string rules);
}

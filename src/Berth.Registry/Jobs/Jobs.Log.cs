using Microsoft.Extensions.Logging;

namespace Berth.Registry.Jobs;

public sealed partial class SharedJobs
{
    [LoggerMessage(6400, LogLevel.Information, "This node does the job {Job} from now on")]
    private partial void LogTaken(string job);

    [LoggerMessage(6401, LogLevel.Warning, "The job {Job} was taken over by another node; what was under way here ends")]
    private partial void LogLost(string job);

    [LoggerMessage(6402, LogLevel.Warning, "The lease of the job {Job} could not be renewed; it is tried again")]
    private partial void LogNotRenewed(Exception e, string job);

    [LoggerMessage(6403, LogLevel.Warning, "The lease of the job {Job} could not be given back; it ends by itself")]
    private partial void LogNotReleased(Exception e, string job);
}

internal sealed partial class NodeReport
{
    [LoggerMessage(6410, LogLevel.Warning, "This node could not say that it is there; it says so again soon")]
    private partial void LogNotReported(Exception e);

    [LoggerMessage(6411, LogLevel.Error, "This node's clock is {Offset} ahead of the database's (behind, where that is negative); set it, by NTP for example. Times that decide are the database's")]
    private partial void LogClockIsOff(TimeSpan offset);

    [LoggerMessage(6412, LogLevel.Warning, "Other nodes will see this one as silent: it could not say that it ends")]
    private partial void LogNotRemoved(Exception e);
}

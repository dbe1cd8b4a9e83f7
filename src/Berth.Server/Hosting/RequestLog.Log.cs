namespace Berth.Server.Hosting;

internal sealed partial class RequestLog
{
    [LoggerMessage(EventIds.ReadAnswered, LogLevel.Debug, "{Method} {Path} {Status} in {Milliseconds} ms for {Address}", SkipEnabledCheck = true)]
    private partial void LogRead(string method, string path, int status, double milliseconds, string address);

    [LoggerMessage(EventIds.RequestAnswered, LogLevel.Information, "{Method} {Path} {Status} in {Milliseconds} ms for {Address}", SkipEnabledCheck = true)]
    private partial void LogWrite(string method, string path, int status, double milliseconds, string address);

    [LoggerMessage(EventIds.RequestFailed, LogLevel.Error, "{Method} {Path} failed")]
    private partial void LogFailed(Exception failure, string method, string path);
}

using Microsoft.Extensions.Logging;

namespace Berth.Registry.Events;

internal sealed partial class DiagnosticLog
{
    [LoggerMessage(7000, LogLevel.Error, "The diagnostic logs could not be written; what is not written yet is tried again every two seconds")]
    private partial void LogFailed(Exception e);

    [LoggerMessage(7001, LogLevel.Information, "The diagnostic logs are written again")]
    private partial void LogRecovered();

    [LoggerMessage(7002, LogLevel.Warning, "The diagnostic logs have a gap: the ledger's records behind number {Number} are gone, because nobody wrote them for longer than they are kept")]
    private partial void LogLeftBehind(long number);
}

using Microsoft.Extensions.Logging;

namespace Berth.Registry;

public sealed partial class FeatureWiring
{
    [LoggerMessage(4090, LogLevel.Critical, "The registry's features could not be made, so the process ends; start it again when the cause is gone")]
    private partial void LogFailed(Exception e);
}

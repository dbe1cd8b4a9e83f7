using Microsoft.Extensions.Logging;

namespace Berth.Metadata.Sqlite;

public sealed partial class SqliteMetadataStore
{
    [LoggerMessage(3000, LogLevel.Information, "Metadata database {Path} is open; {Migrations} migrations were applied")]
    private static partial void LogOpened(ILogger logger, string path, int migrations);
}

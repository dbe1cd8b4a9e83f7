using System.Diagnostics;

namespace Berth.Server.Logging;

/// <summary>Logs to stderr, one line for each event: text for people, or a JSON object. A reader that stalls costs lines, never requests.</summary>
internal sealed class LineLoggerProvider(LineQueue queue, ILineFormat format, TimeProvider time) : ILoggerProvider, ISupportExternalScope
{
    // "Hosting failed to start": what failed is thrown, too, and said in the host's own sentence.
    private const string HostCategory = "Microsoft.Extensions.Hosting.Internal.Host";
    private const int StartFailedEvent = 11;

    private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new LineLogger(this, categoryName);

    /// <inheritdoc/>
    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    /// <summary>Waits until what was logged has been written.</summary>
    public void Dispose() => queue.Dispose();

    private void Write<TState>(string category, LogLevel level, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (id.Id == StartFailedEvent && category == HostCategory)
            return;
        string? requestId = null;
        _scopes.ForEachScope(
            (scope, _) =>
            {
                if (scope is RequestScope request)
                    requestId = request.Id;
            },
            0);
        var line = new LogLine(
            time.GetUtcNow(), level, category, id, formatter(state, exception), state as IReadOnlyList<KeyValuePair<string, object?>>, requestId, exception)
        {
            TraceId = Activity.Current?.TraceId.ToHexString(),
        };
        queue.Enqueue(format.Format(line));
    }

    private sealed class LineLogger(LineLoggerProvider provider, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => provider._scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            provider.Write(category, logLevel, eventId, state, exception, formatter);
    }
}

/// <summary>The scope of one request; every line logged inside carries its id.</summary>
/// <param name="Id">The request's id.</param>
internal sealed record RequestScope(string Id);

/// <summary>One event to be logged.</summary>
/// <param name="Time">When it was logged.</param>
/// <param name="Level">How severe it is.</param>
/// <param name="Category">Who logs.</param>
/// <param name="Event">Which event.</param>
/// <param name="Message">The sentence for people.</param>
/// <param name="Fields">The values in the message, by name.</param>
/// <param name="RequestId">The request it belongs to, or null.</param>
/// <param name="Exception">What was thrown, or null.</param>
internal readonly record struct LogLine(
    DateTimeOffset Time, LogLevel Level, string Category, EventId Event, string Message, IReadOnlyList<KeyValuePair<string, object?>>? Fields,
    string? RequestId, Exception? Exception)
{
    /// <summary>The trace it belongs to, or null where none is made.</summary>
    public string? TraceId { get; init; }
}

/// <summary>A form of log lines.</summary>
internal interface ILineFormat
{
    /// <summary>The line in UTF-8, with the line feed at its end.</summary>
    byte[] Format(in LogLine line);
}

using Berth.Server.Configuration;

namespace Berth.Server.Logging;

/// <summary>Sets the log up as the options want it.</summary>
internal static class LoggingSetup
{
    /// <summary>The log on stderr. Made by hand and not by a container of its own, which would cost the start a few milliseconds.</summary>
    public static LoggerFactory CreateFactory(LoggingOptions options, TimeProvider time)
    {
        var terminal = !Console.IsErrorRedirected;
        ILineFormat format = options.Format == LogFormat.Json || (options.Format == LogFormat.Auto && !terminal)
            ? new JsonLineFormat()
            : new TextLineFormat(time.LocalTimeZone, colour: terminal);
        return new LoggerFactory([new LineLoggerProvider(new LineQueue(Console.OpenStandardError()), format, time)], Filter(options));
    }

    private static LoggerFilterOptions Filter(LoggingOptions options)
    {
        var filter = new LoggerFilterOptions { MinLevel = options.Level };

        // The framework's own messages are of no use to an operator below a warning.
        if (options.Level is LogLevel.Debug or LogLevel.Information)
            filter.Rules.Add(new LoggerFilterRule(null, "Microsoft", LogLevel.Warning, null));

        // It repeats each request in its own words, and makes an activity for each while this category is on.
        filter.Rules.Add(new LoggerFilterRule(null, "Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None, null));
        return filter;
    }
}

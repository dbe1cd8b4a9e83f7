using System.Globalization;
using System.Text;

namespace Berth.Server.Logging;

/// <summary>Lines for people: local time, level, message; the request's id where there is one; an exception below.</summary>
internal sealed class TextLineFormat(TimeZoneInfo zone, bool colour) : ILineFormat
{
    /// <inheritdoc/>
    public byte[] Format(in LogLine line)
    {
        var text = new StringBuilder(160);
        text.Append(CultureInfo.InvariantCulture, $"{TimeZoneInfo.ConvertTime(line.Time, zone):HH:mm:ss.fff} ");
        var (name, escape) = Level(line.Level);
        if (colour && escape.Length > 0)
            text.Append(escape).Append(name).Append("\e[0m");
        else
            text.Append(name);
        text.Append(' ');
        AppendPrintable(text, line.Message);
        if (line.RequestId is not null)
            text.Append(" [").Append(line.RequestId).Append(']');
        text.Append('\n');
        if (line.Exception is not null)
            text.Append(line.Exception).Append('\n');
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    // What a client sent must neither break the line nor reach the terminal as a control sequence.
    private static void AppendPrintable(StringBuilder text, string message)
    {
        foreach (var c in message)
            text.Append(char.IsControl(c) ? '\uFFFD' : c);
    }

    private static (string Name, string Escape) Level(LogLevel level) => level switch
    {
        LogLevel.Trace => ("trace", "\e[2m"),
        LogLevel.Debug => ("debug", "\e[2m"),
        LogLevel.Information => ("info ", ""),
        LogLevel.Warning => ("warn ", "\e[33m"),
        LogLevel.Error => ("error", "\e[31m"),
        _ => ("crit ", "\e[1;31m"),
    };
}

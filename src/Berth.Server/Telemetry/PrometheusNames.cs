using System.Globalization;
using System.Text;
using Berth.Server.Configuration;

namespace Berth.Server.Telemetry;

/// <summary>How OpenTelemetry's names and values are written for Prometheus (OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility").</summary>
internal static class PrometheusNames
{
    /// <summary>An instrument's name with its unit and, for counters, <c>_total</c>.</summary>
    public static string Metric(string name, string? unit, MetricKind kind)
    {
        var text = Name(name);
        var suffix = Unit(unit);
        if (suffix.Length > 0 && !text.EndsWith("_" + suffix, StringComparison.Ordinal))
            text = $"{text}_{suffix}";
        return kind == MetricKind.Counter && !text.EndsWith("_total", StringComparison.Ordinal) ? text + "_total" : text;
    }

    /// <summary>Tags as labels, without braces, in the order of their names.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
            return "";
        var sorted = tags.ToArray();
        Array.Sort(sorted, static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        var text = new StringBuilder();
        foreach (var (key, value) in sorted)
        {
            if (text.Length > 0)
                text.Append(',');
            text.Append(Name(key)).Append("=\"").Append(Escape(SettingValue.Text(value)).Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
        }

        return text.ToString();
    }

    /// <summary>A value.</summary>
    public static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>A text in which backslashes and line feeds are escaped.</summary>
    public static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Name(string name)
    {
        var text = new StringBuilder(name.Length);
        foreach (var c in name)
        {
            var valid = char.IsAsciiLetterOrDigit(c) ? c : '_';
            if (valid != '_' || text.Length == 0 || text[^1] != '_')
                text.Append(valid);
        }

        return char.IsAsciiDigit(name[0]) ? "_" + text : text.ToString();
    }

    // Units in braces are annotations; "1" means a ratio of which nothing need be said.
    private static string Unit(string? unit) => unit switch
    {
        null or "" or "1" => "",
        "s" => "seconds",
        "ms" => "milliseconds",
        "By" => "bytes",
        "%" => "percent",
        _ when unit[0] == '{' => "",
        _ => Name(unit),
    };
}

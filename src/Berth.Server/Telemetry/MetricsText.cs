using System.Globalization;
using System.Text;

namespace Berth.Server.Telemetry;

/// <summary>The text formats of metrics.</summary>
internal enum MetricsFormat
{
    /// <summary>Prometheus' own, version 0.0.4.</summary>
    Prometheus,

    /// <summary>OpenMetrics 1.0.0, which has exemplars.</summary>
    OpenMetrics,
}

/// <summary>Writes metrics in one of the formats. They differ in how counters are named, in what is escaped, in the exemplars and in the end.</summary>
internal sealed class MetricsText(MetricsFormat format)
{
    private const string CounterSuffix = "_total";

    private readonly StringBuilder _text = new(16 * 1024);

    private bool IsOpen => format == MetricsFormat.OpenMetrics;

    /// <summary>Says what is measured.</summary>
    public void WriteTarget(string version)
    {
        _text.Append(IsOpen ? "# TYPE target info\n# HELP target What is measured.\n" : "# TYPE target_info gauge\n# HELP target_info What is measured.\n");
        _text.Append(CultureInfo.InvariantCulture, $"target_info{{service_name=\"berth\",service_version=\"{version}\"}} 1\n");
    }

    /// <summary>Writes a family with some of its series; nothing where there is none.</summary>
    public void Write(MetricFamily family, IEnumerable<MetricSeries> some)
    {
        var begun = false;
        foreach (var series in some)
        {
            if (!begun) Begin(family);
            begun = true;
            if (family.Boundaries is { } boundaries) WriteHistogram(family.Name, series, boundaries);
            else WriteSample(family.Name, series.Labels, PrometheusNames.Number(series.Value));
        }
    }

    /// <summary>The whole text.</summary>
    public string End() => (IsOpen ? _text.Append("# EOF\n") : _text).ToString();

    private void Begin(MetricFamily family)
    {
        // A counter's suffix belongs to its samples there, not to its name.
        var name = IsOpen && family.Kind == MetricKind.Counter ? family.Name[..^CounterSuffix.Length] : family.Name;
        var help = PrometheusNames.Escape(family.Description);
        if (IsOpen) help = help.Replace("\"", "\\\"", StringComparison.Ordinal);
        _text.Append(CultureInfo.InvariantCulture, $"# TYPE {name} {family.Kind.ToString().ToLowerInvariant()}\n# HELP {name} {help}\n");
    }

    private void WriteHistogram(string name, MetricSeries series, double[] boundaries)
    {
        var (buckets, sum, exemplars) = series.ReadHistogram();
        var separator = series.Labels.Length == 0 ? "" : ",";
        long count = 0;
        for (var i = 0; i < buckets.Length; i++)
        {
            count += buckets[i];
            var bound = i < boundaries.Length ? boundaries[i] : double.PositiveInfinity;
            WriteSample(
                name + "_bucket", $"{series.Labels}{separator}le=\"{PrometheusNames.Number(bound)}\"", PrometheusNames.Number(count), IsOpen ? exemplars?[i] : null);
        }

        WriteSample(name + "_sum", series.Labels, PrometheusNames.Number(sum));
        WriteSample(name + "_count", series.Labels, PrometheusNames.Number(count));
    }

    private void WriteSample(string name, string labels, string value, Exemplar? exemplar = null)
    {
        _text.Append(name);
        if (labels.Length > 0)
            _text.Append('{').Append(labels).Append('}');
        _text.Append(' ').Append(value);
        if (exemplar is { } example)
        {
            _text.Append(
                CultureInfo.InvariantCulture,
                $" # {{trace_id=\"{example.TraceId.ToHexString()}\",span_id=\"{example.SpanId.ToHexString()}\"}} {PrometheusNames.Number(example.Value)} {example.At.ToUnixTimeMilliseconds() / 1000.0}");
        }

        _text.Append('\n');
    }
}

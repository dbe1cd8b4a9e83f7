using System.Diagnostics.Metrics;
using Berth.Server.Telemetry;

namespace Berth.Server.Tests.Telemetry;

public sealed class MetricsCollectorTests : IDisposable
{
    private readonly string _meterName = $"Test.{Guid.CreateVersion7():N}";
    private readonly Meter _meter;
    private readonly MetricsCollector _collector;

    public MetricsCollectorTests()
    {
        _meter = new Meter(_meterName);
        _collector = new MetricsCollector([_meterName], TimeProvider.System);
    }

    public void Dispose()
    {
        _collector.Dispose();
        _meter.Dispose();
    }

    [Theory]
    [InlineData("berth.blob.received", "By", MetricKind.Counter, "berth_blob_received_bytes_total")]
    [InlineData("http.server.request.duration", "s", MetricKind.Histogram, "http_server_request_duration_seconds")]
    [InlineData("berth.uploads.open", "{upload}", MetricKind.Gauge, "berth_uploads_open")]
    [InlineData("x.total", null, MetricKind.Counter, "x_total")]
    [InlineData("wait.seconds", "s", MetricKind.Gauge, "wait_seconds")]
    [InlineData("a..b-c", "1", MetricKind.Gauge, "a_b_c")]
    [InlineData("9lives", "", MetricKind.Gauge, "_9lives")]
    internal void Names_are_written_as_prometheus_wants_them(string name, string? unit, MetricKind kind, string expected) =>
        Assert.Equal(expected, PrometheusNames.Metric(name, unit, kind));

    [Fact]
    public async Task A_counter_adds_up_for_each_set_of_tags()
    {
        var counter = _meter.CreateCounter<long>("c", description: "Counts\nthings.");
        counter.Add(2, Tag("a", "x"));
        counter.Add(3, Tag("a", "x"));
        counter.Add(1, Tag("a", 7));
        counter.Add(4);
        Assert.Equal(
            ["# TYPE c_total counter", "# HELP c_total Counts\\nthings.", "c_total 4", "c_total{a=\"7\"} 1", "c_total{a=\"x\"} 5"],
            await LinesAsync());
    }

    [Fact]
    public async Task A_gauge_that_cannot_answer_takes_no_other_metric_with_it()
    {
        _meter.CreateObservableGauge("broken", long () => throw new IOException("The volume does not answer."));
        _meter.CreateObservableGauge("sound", () => 5);
        Assert.Equal(["# TYPE sound gauge", "# HELP sound ", "sound 5"], await LinesAsync());
    }

    [Fact]
    public async Task Tags_in_another_order_are_the_same_series()
    {
        var counter = _meter.CreateCounter<int>("c");
        counter.Add(1, Tag("a", 1), Tag("b", 2));
        counter.Add(1, Tag("b", 2), Tag("a", 1));
        Assert.Contains("c_total{a=\"1\",b=\"2\"} 2", await LinesAsync());
    }

    [Fact]
    public async Task What_goes_up_and_down_is_a_gauge()
    {
        var active = _meter.CreateUpDownCounter<long>("active");
        active.Add(3);
        active.Add(-1);
        var level = _meter.CreateGauge<double>("level");
        level.Record(5);
        level.Record(0.25);
        var lines = await LinesAsync();
        Assert.Contains("# TYPE active gauge", lines);
        Assert.Contains("active 2", lines);
        Assert.Contains("level 0.25", lines);
    }

    [Fact]
    public async Task A_histogram_has_the_advised_buckets_each_with_what_is_at_most_its_bound()
    {
        var histogram = _meter.CreateHistogram("h", "s", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        foreach (var value in new[] { 0.05, 0.1, 0.5, 7 })
            histogram.Record(value, Tag("route", "blob.get"));
        Assert.Equal(
            [
                "h_seconds_bucket{route=\"blob.get\",le=\"0.1\"} 2", "h_seconds_bucket{route=\"blob.get\",le=\"1\"} 3",
                "h_seconds_bucket{route=\"blob.get\",le=\"+Inf\"} 4", "h_seconds_sum{route=\"blob.get\"} 7.65", "h_seconds_count{route=\"blob.get\"} 4",
            ],
            (await LinesAsync()).Where(l => !l.StartsWith('#')));
    }

    [Fact]
    public async Task An_instrument_that_is_asked_says_what_is_true_now_and_nothing_else()
    {
        Measurement<long>[] now = [new(1, Tag("gen", 0)), new(2, Tag("gen", 1))];
        _meter.CreateObservableGauge("asked", () => now);
        Assert.Contains("asked{gen=\"0\"} 1", await LinesAsync());
        now = [new(5, Tag("gen", 1))];
        Assert.Equal(["asked{gen=\"1\"} 5"], (await LinesAsync()).Where(l => !l.StartsWith('#')));
        now = [];
        Assert.Empty(await LinesAsync());
    }

    [Fact]
    public async Task Tags_without_end_share_one_series_in_the_end()
    {
        var counter = _meter.CreateCounter<long>("c");
        for (var i = 0; i < MetricFamily.MaxSeries + 500; i++)
            counter.Add(1, Tag("user", i));
        var lines = await LinesAsync();
        Assert.Equal(MetricFamily.MaxSeries + 1, lines.Count(l => !l.StartsWith('#')));
        Assert.Contains("c_total{otel_metric_overflow=\"true\"} 500", lines);
    }

    [Fact]
    public async Task Other_meters_are_not_listened_to()
    {
        using var other = new Meter("Other." + _meterName);
        other.CreateCounter<long>("c").Add(1);
        Assert.Empty(await LinesAsync());
    }

    [Fact]
    public async Task Nothing_is_lost_when_many_count_at_once()
    {
        var counter = _meter.CreateCounter<long>("c");
        var histogram = _meter.CreateHistogram<double>("h");
        Parallel.For(0, 20_000, i =>
        {
            counter.Add(1, Tag("a", i % 10));
            histogram.Record(i % 100, Tag("a", i % 10));
        });
        var lines = await LinesAsync();
        for (var i = 0; i < 10; i++)
        {
            Assert.Contains($"c_total{{a=\"{i}\"}} 2000", lines);
            Assert.Contains($"h_count{{a=\"{i}\"}} 2000", lines);
        }
    }

    [Fact]
    public void Whatever_a_tag_holds_stays_inside_its_quotes() =>
        Gen.String.Sample(text =>
        {
            var labels = PrometheusNames.Labels([Tag("a", text)]);
            Assert.DoesNotContain('\n', labels);
            Assert.StartsWith("a=\"", labels, StringComparison.Ordinal);
            var inner = labels["a=\"".Length..^1];
            for (var i = 0; i < inner.Length; i++)
            {
                Assert.NotEqual('"', inner[i]);
                if (inner[i] == '\\')
                    Assert.Contains(inner[++i], "\\\"n");
            }
        });

    private static KeyValuePair<string, object?> Tag(string name, object? value) => new(name, value);

    private async Task<string[]> LinesAsync() =>
        [.. (await _collector.ScrapeAsync(MetricsFormat.Prometheus, CancellationToken.None)).Split('\n').Where(l => l.Length > 0 && !l.Contains("target_info", StringComparison.Ordinal))];
}

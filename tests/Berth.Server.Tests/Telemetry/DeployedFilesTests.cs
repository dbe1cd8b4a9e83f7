using System.Text.Json;
using System.Text.RegularExpressions;

namespace Berth.Server.Tests.Telemetry;

/// <summary>The dashboards and alerts of <c>deploy/</c>, as far as they can be read without a server.</summary>
public sealed partial class DeployedFilesTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(GeneratedPage.Root, "docs/user/observing.md"));
    private static readonly string Alerts = File.ReadAllText(Path.Combine(GeneratedPage.Root, "deploy/prometheus/alerts.yaml"));
    private static readonly string AlertTests = File.ReadAllText(Path.Combine(GeneratedPage.Root, "deploy/prometheus/alerts.test.yaml"));

    [Theory]
    [InlineData("overview")]
    [InlineData("registry")]
    [InlineData("storage")]
    [InlineData("database")]
    public void A_dashboard_has_panels_with_ids_of_their_own_that_ask_for_something(string name)
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(GeneratedPage.Root, $"deploy/grafana/{name}.json")));
        var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().ToList();
        Assert.NotEmpty(panels);
        Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.All(panels, panel => Assert.All(panel.GetProperty("targets").EnumerateArray(), target => Assert.Contains("_", target.GetProperty("expr").GetString()!, StringComparison.Ordinal)));
        Assert.Contains(ObservedNames.All(), observed => observed.File == $"{name}.json");
    }

    [Fact]
    public void Each_alert_has_a_test_and_a_section_that_says_what_to_do()
    {
        var alerts = AlertNames().Matches(Alerts).Select(match => match.Groups[1].Value).ToList();
        Assert.InRange(alerts.Count, 15, 100);
        foreach (var alert in alerts)
        {
            Assert.Contains($"`{alert}`", Page, StringComparison.Ordinal);
            Assert.Contains($"alertname: {alert}\n", AlertTests, StringComparison.Ordinal);
        }

        foreach (Match runbook in Runbooks().Matches(Alerts))
        {
            var heading = Page.Split('\n').Where(line => line.StartsWith("### ", StringComparison.Ordinal)).Select(line => line[4..].ToLowerInvariant().Replace(' ', '-'));
            Assert.Contains(runbook.Groups[1].Value, heading);
        }
    }

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex AlertNames();

    [GeneratedRegex(@"runbook: docs/user/observing\.md#([\w-]+)")]
    private static partial Regex Runbooks();
}

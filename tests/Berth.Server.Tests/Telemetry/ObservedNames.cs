using System.Text.RegularExpressions;

namespace Berth.Server.Tests.Telemetry;

/// <summary>The metrics that the dashboards and alerts of <c>deploy/</c> ask for.</summary>
internal static partial class ObservedNames
{
    /// <summary>Each with the file that asks.</summary>
    public static List<(string File, string Metric)> All()
    {
        var files = (string[])[.. Directory.GetFiles(Path.Combine(GeneratedPage.Root, "deploy/grafana"), "*.json"), Path.Combine(GeneratedPage.Root, "deploy/prometheus/alerts.yaml")];
        return [.. files.SelectMany(file => Names().Matches(File.ReadAllText(file)).Select(match => (Path.GetFileName(file), match.Value))).Distinct()];
    }

    [GeneratedRegex(@"\b(berth|http_server|kestrel|dotnet|target)_[a-z0-9_]+\b(?!"")(?=[{)]| [-/]|$)", RegexOptions.Multiline)]
    private static partial Regex Names();
}

using System.Text.Json;
using System.Text.RegularExpressions;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Deploy;

/// <summary>The chart as the real helm renders it, in a folder of a test.</summary>
internal sealed partial class HelmChart(string folder)
{
    /// <summary>The chart.</summary>
    public static readonly string Source = Path.Combine(Repository.Root, "deploy", "helm", "berth");

    /// <summary>The names of the sets of values that stand beside it, one for each way to run it.</summary>
    public static readonly string[] Variants = [.. Directory.EnumerateFiles(Path.Combine(Source, "ci")).Select(file => Path.GetFileName(file).Replace("-values.yaml", "", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>The file with a set of values.</summary>
    public static string Values(string variant) => Path.Combine(Source, "ci", $"{variant}-values.yaml");

    /// <summary>Runs helm.</summary>
    public async Task<ToolResult> RunAsync(params string[] arguments) =>
        await Tool.RunAsync(await HelmBinary.RequireAsync(), arguments, folder, new Dictionary<string, string> { ["HOME"] = folder });

    /// <summary>Renders the chart with a set of values and what is set beside it.</summary>
    public Task<ToolResult> RenderAsync(string variant, params string[] arguments) => RunAsync(["template", "berth", Source, "--namespace", "registry", "--values", Values(variant), .. arguments]);

    /// <summary>The objects that come of it, read by the real kubectl, by their kinds.</summary>
    public async Task<Dictionary<string, JsonElement>> ObjectsAsync(string variant, params string[] arguments)
    {
        var file = Path.Combine(folder, $"{Content.Name()}.yaml");
        await File.WriteAllTextAsync(file, (await RenderAsync(variant, arguments)).Succeeded().Output);
        return (await KubectlBinary.ReadAsync(folder, file)).ToDictionary(one => one.GetProperty("kind").GetString()!);
    }

    /// <summary>What runs pods.</summary>
    public static JsonElement Workload(Dictionary<string, JsonElement> objects) => objects.TryGetValue("StatefulSet", out var single) ? single : objects["Deployment"];

    /// <summary>The pod's specification.</summary>
    public static JsonElement Pod(Dictionary<string, JsonElement> objects) => Workload(objects).GetProperty("spec").GetProperty("template").GetProperty("spec");

    /// <summary>Its one container.</summary>
    public static JsonElement Container(Dictionary<string, JsonElement> objects) => Assert.Single(Pod(objects).GetProperty("containers").EnumerateArray());

    /// <summary>Its variables; of one that comes from a secret the name of the secret and the key.</summary>
    public static Dictionary<string, string> Variables(Dictionary<string, JsonElement> objects) => Container(objects).GetProperty("env").EnumerateArray().ToDictionary(
        one => one.GetProperty("name").GetString()!,
        one => one.TryGetProperty("value", out var value)
            ? value.GetString()!
            : $"{one.GetProperty("valueFrom").GetProperty("secretKeyRef").GetProperty("name").GetString()}/{one.GetProperty("valueFrom").GetProperty("secretKeyRef").GetProperty("key").GetString()}");

    /// <summary>The settings that there are, with their defaults, as the reference has them.</summary>
    public static Dictionary<string, string> Reference() =>
        Setting().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "reference", "configuration.md"))).ToDictionary(one => one.Groups["name"].Value, one => one.Groups["default"].Value);

    [GeneratedRegex(@"^\| `(?<name>[A-Za-z0-9:]+)` \| (`(?<default>[^`]*)`)? *\|", RegexOptions.Multiline)]
    private static partial Regex Setting();
}

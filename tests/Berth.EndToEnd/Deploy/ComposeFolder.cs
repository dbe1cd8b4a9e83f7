using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Deploy;

/// <summary>A folder that deploy/compose/prepare made, and the services in it as the real docker-compose reads them.</summary>
internal sealed class ComposeFolder(string folder, JsonElement services)
{
    // The program prints YAML; the package of podman-compose brings what reads it.
    private const string ToJson = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)";

    /// <summary>The folder.</summary>
    public string Path => folder;

    /// <summary>The services, with the variables of their files.</summary>
    public IEnumerable<JsonProperty> Services => services.EnumerateObject();

    /// <summary>Makes one; where a tool is lacking the test is skipped, or fails on continuous integration.</summary>
    public static async Task<ComposeFolder> PrepareAsync(string folder, params string[] arguments)
    {
        var (compose, python) = (Tool.Require("docker-compose"), Tool.Require("python3"));
        var made = (await Tool.RunAsync(
            System.IO.Path.Combine(Repository.Root, "deploy", "compose", "prepare"), [.. arguments, "--image", "localhost/berth/server:1", folder], Repository.Root)).Succeeded();
        Assert.Contains("Ready in", made.Output, StringComparison.Ordinal);
        var read = (await Tool.RunAsync(compose, ["config"], folder)).Succeeded();
        var json = (await Tool.RunAsync(python, ["-c", ToJson], folder, input: read.Output)).Succeeded();
        return new ComposeFolder(folder, JsonDocument.Parse(json.Output).RootElement.GetProperty("services"));
    }

    /// <summary>The variables of a service.</summary>
    public Dictionary<string, string> Variables(string service) =>
        services.GetProperty(service).GetProperty("environment").EnumerateObject().ToDictionary(one => one.Name, one => one.Value.ToString());

    /// <summary>The words of its command.</summary>
    public string[] Command(string service) => [.. services.GetProperty(service).GetProperty("command").EnumerateArray().Select(word => word.ToString())];

    /// <summary>What of this machine it mounts.</summary>
    public static IEnumerable<string> Mounted(JsonElement service) => service.TryGetProperty("volumes", out var volumes)
        ? volumes.EnumerateArray().Select(Source).Where(source => source.StartsWith('/'))
        : [];

    // One version of the program prints them short, another long.
    private static string Source(JsonElement volume) => volume.ValueKind == JsonValueKind.String
        ? volume.GetString()!.Contains(':', StringComparison.Ordinal) ? volume.GetString()!.Split(':')[0] : ""
        : volume.TryGetProperty("source", out var source) ? source.GetString()! : "";
}

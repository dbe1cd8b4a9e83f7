using System.Text.Json;
using Berth.Testing;

namespace Berth.EndToEnd.Harness;

/// <summary>The kubectl program, and the cluster that it asks: one that answers what was recorded.</summary>
internal static class KubectlBinary
{
    /// <summary>Its path; where it cannot be had the test is skipped, or fails on continuous integration.</summary>
    public static async Task<string> RequireAsync() => Tool.Find("kubectl") ?? await LayerProgram.RequireAsync("kubectl");

    /// <summary>The objects of a file of manifests as the real kubectl reads them, without a cluster. It prints properties in the order of their names.</summary>
    public static async Task<List<JsonElement>> ReadAsync(string folder, string file)
    {
        var read = await Tool.RunAsync(await RequireAsync(), ["label", "--local", "--filename", file, "--output", "json", "checked=yes"], folder, Environment(folder, null));
        return Objects(read.Succeeded().Output);
    }

    /// <summary>The objects that it printed one after the other.</summary>
    public static List<JsonElement> Objects(string output)
    {
        var objects = new List<JsonElement>();
        var reader = new Utf8JsonReader(Content.Utf8(output), new JsonReaderOptions { AllowMultipleValues = true });
        while (reader.Read())
        {
            using var document = JsonDocument.ParseValue(ref reader);
            objects.Add(document.RootElement.Clone());
        }

        return objects;
    }

    /// <summary>The environment in which it asks this cluster, or none.</summary>
    public static Dictionary<string, string> Environment(string folder, RecordedCluster? cluster)
    {
        var config = Path.Combine(folder, "kubeconfig");
        File.WriteAllText(config, cluster is null ? "apiVersion: v1\nkind: Config\n" : $$"""
            apiVersion: v1
            kind: Config
            current-context: recorded
            contexts: [{name: recorded, context: {cluster: recorded, user: nobody} }]
            clusters: [{name: recorded, cluster: {server: "{{cluster.Address}}" } }]
            users: [{name: nobody, user: {} }]
            """);
        return new Dictionary<string, string> { ["KUBECONFIG"] = config, ["HOME"] = folder, ["NO_PROXY"] = "127.0.0.1", ["no_proxy"] = "127.0.0.1" };
    }
}

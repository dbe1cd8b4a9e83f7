namespace Berth.EndToEnd.Harness;

/// <summary>The kubectl program, and the cluster that it asks: one that answers what was recorded.</summary>
internal static class KubectlBinary
{
    /// <summary>Its path; where it cannot be had the test is skipped, or fails on continuous integration.</summary>
    public static async Task<string> RequireAsync() => Tool.Find("kubectl") ?? await LayerProgram.RequireAsync("kubectl");

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

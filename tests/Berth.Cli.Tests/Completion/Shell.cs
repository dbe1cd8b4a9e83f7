using Berth.Testing;

namespace Berth.Cli.Tests.Completion;

/// <summary>The shells of this machine.</summary>
internal static class Shell
{
    /// <summary>The path of a shell; where it is lacking the test is skipped, or fails on continuous integration.</summary>
    public static string Require(string name)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/bin").Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        if (path is not null) return path;
        if (TestRun.IsContinuousIntegration) Assert.Fail($"{name} is not installed.");
        Assert.Skip($"{name} is not installed.");
        return "";
    }
}

namespace Berth.EndToEnd.Harness;

/// <summary>The helm program.</summary>
internal static class HelmBinary
{
    /// <summary>Its path; where it cannot be had the test is skipped, or fails on continuous integration.</summary>
    public static async Task<string> RequireAsync() => Tool.Find("helm") ?? await LayerProgram.RequireAsync("helm");
}

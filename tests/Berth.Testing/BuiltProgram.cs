namespace Berth.Testing;

/// <summary>
/// The programs that tests start as processes of their own: those that a variable names, else those in <c>artifacts</c> of the configuration that the tests were built in; null when
/// there is none.
/// </summary>
public static class BuiltProgram
{
    /// <summary>The server; <c>BERTH_TEST_SERVER</c> names another.</summary>
    public static string? Server => Find("BERTH_TEST_SERVER", "Berth.Server", "berth-server");

    /// <summary>The client; <c>BERTH_TEST_CLIENT</c> names another.</summary>
    public static string? Client => Find("BERTH_TEST_CLIENT", "Berth.Cli", "berth-cli");

    private static string? Find(string variable, string project, string program)
    {
        var path = Environment.GetEnvironmentVariable(variable) is { Length: > 0 } named
            ? named
            : Path.Combine(Repository.Artifacts, "bin", project, new DirectoryInfo(AppContext.BaseDirectory).Name, program);
        return File.Exists(path) ? path : null;
    }
}

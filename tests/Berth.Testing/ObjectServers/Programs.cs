namespace Berth.Testing.ObjectServers;

/// <summary>Programs that tests start, those of Debian's administrators included, which are not in everyone's PATH.</summary>
internal static class Programs
{
    /// <summary>The search path.</summary>
    public static string Path { get; } = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/local/sbin:/usr/sbin:/sbin";

    /// <summary>The first of the programs that is not there; null when all are.</summary>
    public static string? FirstMissing(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (!Path.Split(':').Any(folder => File.Exists(System.IO.Path.Combine(folder, name)))) return name;
        }

        return null;
    }
}

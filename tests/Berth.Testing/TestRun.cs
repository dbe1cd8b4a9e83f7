namespace Berth.Testing;

/// <summary>How the tests are run.</summary>
public static class TestRun
{
    /// <summary>On continuous integration what is lacking is a failure; elsewhere a skip.</summary>
    public static bool IsContinuousIntegration { get; } = string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether the long variants run (<c>BERTH_LONG=1</c>).</summary>
    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("BERTH_LONG") == "1";
}

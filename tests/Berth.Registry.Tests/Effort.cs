namespace Berth.Registry.Tests;

/// <summary>How much a generated test tries: little by default, more with BERTH_LONG=1.</summary>
internal static class Effort
{
    private static readonly bool Long = Environment.GetEnvironmentVariable("BERTH_LONG") == "1";

    /// <summary>Of what a function is given: a hundred times more.</summary>
    public static long Iterations(long usual) => Long ? usual * 100 : usual;

    /// <summary>Of what a server is asked: five times more. Each takes milliseconds, and one with a password a hundred of them.</summary>
    public static long Requests(long usual) => Long ? usual * 5 : usual;
}

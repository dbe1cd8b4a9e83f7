namespace Berth.Registry.Tests;

/// <summary>How much a generated test tries: little by default, a hundred times more with BERTH_LONG=1.</summary>
internal static class Effort
{
    private static readonly bool Long = Environment.GetEnvironmentVariable("BERTH_LONG") == "1";

    public static long Iterations(long usual) => Long ? usual * 100 : usual;
}

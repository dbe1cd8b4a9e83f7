namespace Berth.Testing;

/// <summary>How the tests are run.</summary>
public static class TestRun
{
    /// <summary>On continuous integration what is lacking is a failure; elsewhere a skip.</summary>
    public static bool IsContinuousIntegration { get; } = string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether the owner's password is sent with every request (<c>BERTH_TEST_ACCESS=basic</c>) in place of tokens, which are the default.</summary>
    public static bool UsesPassword { get; } = Environment.GetEnvironmentVariable("BERTH_TEST_ACCESS") switch
    {
        null or "" or "token" => false,
        "basic" => true,
        var other => throw new InvalidOperationException($"BERTH_TEST_ACCESS is 'token' or 'basic', not '{other}'."),
    };

    /// <summary>Whether the long variants run (<c>BERTH_LONG=1</c>).</summary>
    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("BERTH_LONG") == "1";
}

using Berth.Testing;

namespace Berth.Conformance.Storage;

/// <summary>A service that a driver needs.</summary>
internal static class ObjectServer
{
    /// <summary>Skips the test where the service cannot be had; what only long runs have is no failure of others.</summary>
    public static void Require(string? lacking)
    {
        if (lacking is null) return;
        if (TestRun.IsContinuousIntegration && (TestRun.IsLong || !lacking.Contains("--long", StringComparison.Ordinal))) Assert.Fail(lacking);
        Assert.Skip(lacking);
    }
}

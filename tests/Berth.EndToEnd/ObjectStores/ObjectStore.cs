using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.ObjectStores;

/// <summary>A service that a test needs.</summary>
internal static class ObjectStore
{
    /// <summary>Skips the test where the service cannot be had; what only long runs have is no failure of others.</summary>
    public static void Require(string? lacking)
    {
        if (lacking is null) return;
        if (!TestRun.IsLong && lacking.Contains("--long", StringComparison.Ordinal)) Assert.Skip(lacking);
        Tool.Lacking(lacking);
    }
}

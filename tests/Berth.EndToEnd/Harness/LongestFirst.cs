using Berth.EndToEnd.Access;
using Berth.EndToEnd.Clients;
using Berth.EndToEnd.Deploy;
using Berth.EndToEnd.Faults;
using Berth.EndToEnd.Nodes;
using Berth.EndToEnd.ObjectStores;
using Berth.EndToEnd.Operations;
using Xunit.Sdk;
using Xunit.v3;

namespace Berth.EndToEnd.Harness;

/// <summary>Begins with what takes longest: nothing that takes a minute is left alone at the end. The others come as they are.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Names =
    [
        .. ((Type[])[
            typeof(SharedLimitTests), typeof(NodeKillTests), typeof(DatabaseBackupTests), typeof(GuidePageTests), typeof(NodeTakeoverTests), typeof(CutNodeTests),
            typeof(MigrateToAzuriteTests), typeof(CollectionSoakTests), typeof(ThrottledClientTests), typeof(ComposeTests), typeof(LimitTests)]).Select(type => type.FullName!),
    ];

    /// <inheritdoc/>
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection => [.. testCollections.OrderBy(Rank)];

    // A class's own collection has no name but what it is shown as: "Test collection for CLASS (id: …)".
    private static int Rank<TTestCollection>(TTestCollection collection)
        where TTestCollection : ITestCollection
    {
        if (collection.TestCollectionDisplayName == BundleTests.Builds) return 0;
        var rank = Array.FindIndex(Names, name => collection.TestCollectionDisplayName.Contains($" {name} ", StringComparison.Ordinal));
        return rank < 0 ? Names.Length : rank;
    }
}

using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Operations;

/// <summary>A node on PostgreSQL and an object store that takes what is over after seconds.</summary>
public class SharedStoresServer : ServerFixture
{
    private readonly Dictionary<string, string> _settings = [];

    /// <summary>The database and the container.</summary>
    internal SharedStores Stores { get; private set; } = null!;

    /// <summary>The settings beside those that name the stores.</summary>
    internal static IReadOnlyDictionary<string, string> Beside { get; } = new Dictionary<string, string>
    {
        ["BERTH_Lifecycle__Grace"] = "00:00:03",
        ["BERTH_Lifecycle__Interval"] = "00:00:01",
        ["BERTH_Distribution__StoreLinks"] = "false",
    };

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Settings => _settings;

    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        Stores = await SharedStoresActions.MakeAsync();
        foreach (var (name, value) in Stores.OwnedSettings().Concat(Beside)) _settings[name] = value;
        await base.InitializeAsync();
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (Stores is not null) await Stores.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

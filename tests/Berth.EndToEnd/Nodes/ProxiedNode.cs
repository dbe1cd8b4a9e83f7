using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Nodes;

/// <summary>A server on PostgreSQL and an object store, with a proxy on the way to each.</summary>
public sealed class ProxiedNode : ServerFixture
{
    private readonly Dictionary<string, string> _settings = [];
    private SharedStores? _stores;

    /// <summary>The way to the database.</summary>
    public FaultProxy Database { get; private set; } = null!;

    /// <summary>The way to the object store.</summary>
    public FaultProxy Objects { get; private set; } = null!;

    /// <summary>The settings of a program that goes past the proxies.</summary>
    public IReadOnlyDictionary<string, string> DirectSettings => _stores!.NodeSettings();

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, string> Settings => _settings;

    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        if (SharedStores.Lacking is not null) return;
        _stores = await SharedStores.MakeAsync();
        (Database, Objects) = (new FaultProxy(_stores.Database), new FaultProxy(_stores.Objects));
        foreach (var (name, value) in _stores.NodeSettings(Database.Address, Objects.Address)) _settings[name] = value;

        // A session whose writer was lost on the way is another's after twice this time.
        _settings["BERTH_Distribution__StallLimit"] = "00:00:03";
        await base.InitializeAsync();
    }

    /// <summary>Ends all faults, and what they left half open.</summary>
    public void Mend()
    {
        foreach (var proxy in (FaultProxy[])[Database, Objects])
        {
            (proxy.Decide, proxy.DecideForEach, proxy.IsDown, proxy.IsSilent) = (null, null, false, false);
            proxy.CutAll();
        }
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (_stores is not null) Mend();
        await base.DisposeAsync();
        if (_stores is null) return;
        await Database.DisposeAsync();
        await Objects.DisposeAsync();
        await _stores.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

using System.Globalization;
using Berth.Bench.Figures;
using Berth.Bench.Seeding;

namespace Berth.Bench.Servers;

/// <summary>Berths that hold different numbers of things and run beside each other, so that sizes can be compared in turns.</summary>
internal sealed class SizedServers(string launcher, string folder, IReadOnlyDictionary<string, string>? settings = null) : IDisposable
{
    private readonly List<(int Size, BerthServer Berth)> _all = [];

    /// <summary>All, from the smallest on.</summary>
    public IReadOnlyList<(int Size, BerthServer Berth)> All => _all;

    /// <summary>Makes one more, with what the delegate seeds while it is stopped.</summary>
    public async Task AddAsync(int size, Func<BerthSeed, Task> seed, CancellationToken cancellationToken)
    {
        Progress.Say(string.Create(CultureInfo.InvariantCulture, $"  seeding {size:N0}"));
        Directory.CreateDirectory(folder);
        var berth = new BerthServer(launcher, Path.Combine(folder, size.ToString(CultureInfo.InvariantCulture)), settings);
        _all.Add((size, berth));
        await Preparation.SeedAsync(berth, seed, cancellationToken);
    }

    public void Dispose() => _all.ForEach(side => side.Berth.Dispose());
}

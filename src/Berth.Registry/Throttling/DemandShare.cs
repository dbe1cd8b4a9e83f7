using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using Berth.Metadata;
using Berth.Registry.Jobs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Throttling;

/// <summary>
/// The share of a process among several, by what is asked of each: once a second each says in its row what was asked of it lately for the limits that are near, and reads what the others said. A
/// twentieth of such a limit is shared evenly, so that whoever is asked next can serve at once, the rest by what was asked for. A limit that nobody is near is shared evenly. While the
/// database does not answer the parts stay.
/// </summary>
internal sealed partial class DemandShare(INodes nodes, ILeases leases, Node node, RateLimitOptions options, TimeProvider time, ILogger<DemandShare> logger) : BackgroundService, INodeShare
{
    /// <summary>How often the processes tell one another.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private const double Even = 0.05;
    private const double Idle = 0.01;
    private const double SecondsOfMinute = 60;
    private const int MostSaid = 1_000;
    private const int MostNodes = 1_000;

    // What a process said before is of one that ended, or was cut off: then it serves nobody.
    private static readonly TimeSpan Lately = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<LimitKey, Asked> _asked = new();
    private volatile Told _told = new(1, new Dictionary<string, double>());
    private int _count;
    private long _toldAt = time.GetTimestamp();
    private bool _isFailing;

    /// <inheritdoc/>
    public double Of(in LimitKey key, int perMinute)
    {
        if (_asked.TryGetValue(key, out var asked) || TryAdd(key, out asked))
        {
            asked.Add(perMinute);
            return asked.Part;
        }

        // Too many different callers are asking: what is not known is not counted.
        return _told.PartOf(NameOf(key), own: 0);
    }

    /// <summary>Says what was asked here since it was last said, and takes the parts that follow from what all said.</summary>
    /// <exception cref="MetadataUnavailableException">The database does not answer.</exception>
    public async Task TellAsync(CancellationToken cancellationToken)
    {
        var said = Measure();
        await nodes.ReportDemandAsync(node.Id, JsonSerializer.Serialize(said, DemandWords.Default.DictionaryStringDouble), cancellationToken);
        var rows = await nodes.ListDemandsAsync(NodeRecord.Silence, Lately, MostNodes, cancellationToken);
        var others = new Dictionary<string, double>();
        foreach (var row in rows)
        {
            if (row.Id == node.Id) continue;
            foreach (var (name, rate) in Read(row.Demand)) others[name] = others.GetValueOrDefault(name) + rate;
        }

        // A limit that only this one is near is told, too.
        foreach (var name in said.Keys) others.TryAdd(name, 0);
        var told = new Told(1 + rows.Count(row => row.Id != node.Id), others);
        _told = told;
        foreach (var asked in _asked.Values) asked.Part = told.PartOf(asked.Name, said.TryGetValue(asked.Name, out var rate) ? rate : asked.Rate);
    }

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        // Before the first request comes in.
        if (IsNeeded) await TellIfPossibleAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!IsNeeded) return;
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken)) await TellIfPossibleAsync(stoppingToken);
    }

    private bool IsNeeded => leases.AreShared && !new LimitTable(options).IsEmpty;

    private async Task TellIfPossibleAsync(CancellationToken cancellationToken)
    {
        try
        {
            await TellAsync(cancellationToken);
            _isFailing = false;
        }
        catch (Exception e) when (e is MetadataUnavailableException or MetadataFullException or ObjectDisposedException)
        {
            if (!_isFailing) LogNotTold(e);
            _isFailing = true;
        }
    }

    // How much a second was asked for of each limit that is near, here or elsewhere; at most so many, those that are asked for most.
    private Dictionary<string, double> Measure()
    {
        var now = time.GetTimestamp();
        var seconds = Math.Max(0.1, time.GetElapsedTime(_toldAt, now).TotalSeconds);
        _toldAt = now;
        var told = _told;
        var said = new List<Asked>();
        foreach (var (key, asked) in _asked)
        {
            if (asked.Measure(seconds) < Idle)
            {
                if (_asked.TryRemove(key, out _)) Interlocked.Decrement(ref _count);
            }
            else if (told.IsNear(asked.Name) || asked.Rate * SecondsOfMinute * told.Nodes * 2 >= asked.PerMinute)
            {
                said.Add(asked);
            }
        }

        return said.OrderByDescending(asked => asked.Rate).Take(MostSaid).ToDictionary(asked => asked.Name, asked => Math.Round(asked.Rate, 3));
    }

    private static Dictionary<string, double> Read(string? demand)
    {
        try
        {
            return demand is null ? [] : JsonSerializer.Deserialize(demand, DemandWords.Default.DictionaryStringDouble) ?? [];
        }
        catch (JsonException)
        {
            // A later version's words.
            return [];
        }
    }

    private bool TryAdd(in LimitKey key, out Asked asked)
    {
        asked = null!;
        if (Volatile.Read(ref _count) >= TokenBuckets.Most) return false;
        var name = NameOf(key);
        var made = new Asked(name) { Part = _told.PartOf(name, own: 0) };
        asked = _asked.GetOrAdd(key, made);
        if (ReferenceEquals(asked, made)) Interlocked.Increment(ref _count);
        return true;
    }

    private static string NameOf(in LimitKey key) => $"{key.Class.Name()}/{key.RegistryId}/{key.PrincipalId}/{key.Source}";

    /// <summary>What was asked here of one limit.</summary>
    private sealed class Asked(string name)
    {
        private double _part;
        private long _asked;

        public string Name => name;

        /// <summary>The limit.</summary>
        public int PerMinute { get; private set; }

        /// <summary>How much was asked for a second: half is the last second's, a quarter that of the one before, and so on.</summary>
        public double Rate { get; private set; }

        public double Part
        {
            get => Volatile.Read(ref _part);
            set => Volatile.Write(ref _part, value);
        }

        public void Add(int perMinute)
        {
            PerMinute = perMinute;
            Interlocked.Increment(ref _asked);
        }

        public double Measure(double seconds) => Rate = (Rate + (Interlocked.Exchange(ref _asked, 0) / seconds)) / 2;
    }

    /// <summary>What the processes told.</summary>
    /// <param name="Nodes">How many there are.</param>
    /// <param name="Others">Requests a second that the others were asked for, of each limit that somebody is near.</param>
    private sealed record Told(int Nodes, IReadOnlyDictionary<string, double> Others)
    {
        public bool IsNear(string name) => Others.ContainsKey(name);

        public double PartOf(string name, double own)
        {
            if (!Others.TryGetValue(name, out var others) || own + others == 0) return 1.0 / Nodes;
            return (Even / Nodes) + ((1 - Even) * own / (own + others));
        }
    }
}

/// <summary>How processes say what is asked of them: requests a second by the limit's name.</summary>
[JsonSerializable(typeof(Dictionary<string, double>))]
internal sealed partial class DemandWords : JsonSerializerContext;

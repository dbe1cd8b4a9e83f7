using Berth.Metadata;
using Berth.Oci;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity;

/// <summary>
/// Records who pulls which manifest and when each credential is used, off the request path: counted in memory, and written in batches. When more
/// different ones wait than the writer may be held for, those that come on top are counted as dropped.
/// </summary>
internal sealed partial class UsageLog : IHostedService, IDisposable
{
    // Strangers come from as many addresses as they like: they must not crowd out those who are known.
    private const int MaxStrangers = 500;
    private const int MaxPulls = 2_000;
    private const int MaxUses = 2_000;

    // The writer is held for one batch: pushes wait meanwhile.
    private const int BatchRows = 250;
    private const string NoAddress = "-";

    private readonly Lock _lock = new();
    private readonly IConsumers _consumers;
    private readonly ICredentials _credentials;
    private readonly AccessMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger<UsageLog> _logger;
    private readonly FlushLoop _flushes;
    private Dictionary<Pull, Tally> _pulls = [];
    private Dictionary<Proof, CredentialUse> _uses = [];
    private int _strangers;
    private long _dropped;

    /// <summary>A log that nothing was recorded in.</summary>
    public UsageLog(IConsumers consumers, ICredentials credentials, AccessMetrics metrics, TimeProvider time, ILogger<UsageLog> logger)
    {
        (_consumers, _credentials, _metrics, _time, _logger) = (consumers, credentials, metrics, time, logger);
        _flushes = new FlushLoop(WriteRecordedAsync, LogFlushFailed, time);
    }

    /// <summary>Counts a pull; never waits for anything but another count.</summary>
    public void RecordPull(RegistryRecord registry, RepositoryName repository, Digest digest, Principal principal, string? address, string? userAgent)
    {
        var pull = principal.Id == 0
            ? new Pull(registry.Id, repository, digest, "", address is null ? NoAddress : Strangers.AddressOf(address), Strangers.ProgramOf(userAgent))
            : new Pull(registry.Id, repository, digest, principal.Name, address ?? NoAddress, UserAgent.Clean(userAgent));
        var now = _time.GetUtcNow();
        lock (_lock)
        {
            if (_pulls.TryGetValue(pull, out var tally))
            {
                tally.Count++;
                tally.Last = now;
            }
            else
            {
                Add(pull, new Tally { Count = 1, First = now, Last = now });
            }
        }
    }

    /// <summary>Remembers that a credential was used just now.</summary>
    public void RecordUse(long principalId, CredentialSort sort, string keyId, string? address)
    {
        var (proof, use) = (new Proof(principalId, sort, keyId), new CredentialUse(principalId, keyId, _time.GetUtcNow(), sort, address));
        lock (_lock)
        {
            if (_uses.Count < MaxUses || _uses.ContainsKey(proof)) _uses[proof] = use;
            else _dropped++;
        }
    }

    /// <summary>Writes all that was recorded until now.</summary>
    public Task FlushAsync(CancellationToken cancellationToken) => _flushes.FlushAsync(cancellationToken);

    /// <summary>Writes it if that is possible; what cannot be written, as on a full disk, is logged and waits for the next attempt.</summary>
    public Task FlushIfPossibleAsync(CancellationToken cancellationToken) => _flushes.FlushIfPossibleAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => _flushes.StartAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => _flushes.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _flushes.Dispose();

    private async Task WriteRecordedAsync(CancellationToken cancellationToken)
    {
        // Both begin, so that neither is lost when the other cannot be written.
        var (pulls, uses) = Take();
        await Task.WhenAll(
            WriteAsync(pulls, (part, token) => _consumers.AddConsumersAsync([.. part.Select(RecordOf)], token), PutBack, cancellationToken),
            WriteAsync(uses, (part, token) => _credentials.RecordCredentialUsesAsync([.. part.Select(use => use.Value)], token), PutBack, cancellationToken));
    }

    private (List<KeyValuePair<Pull, Tally>> Pulls, List<KeyValuePair<Proof, CredentialUse>> Uses) Take()
    {
        Dictionary<Pull, Tally> pulls;
        Dictionary<Proof, CredentialUse> uses;
        long dropped;
        lock (_lock)
        {
            (pulls, uses, dropped) = (_pulls, _uses, _dropped);
            (_pulls, _uses, _strangers, _dropped) = ([], [], 0, 0);
        }

        if (dropped > 0)
        {
            _metrics.UsageDropped(dropped);
            LogDropped(dropped);
        }

        return ([.. pulls], [.. uses]);
    }

    // What could not be written waits for the next attempt.
    private static async Task WriteAsync<T>(
        List<T> entries, Func<T[], CancellationToken, Task> write, Action<IEnumerable<T>> putBack, CancellationToken cancellationToken)
    {
        var written = 0;
        try
        {
            foreach (var part in entries.Chunk(BatchRows))
            {
                await write(part, cancellationToken);
                written += part.Length;
            }
        }
        catch
        {
            putBack(entries.Skip(written));
            throw;
        }
    }

    private void PutBack(IEnumerable<KeyValuePair<Pull, Tally>> pulls)
    {
        lock (_lock)
        {
            foreach (var (pull, tally) in pulls)
            {
                if (!_pulls.TryGetValue(pull, out var later))
                {
                    Add(pull, tally);
                    continue;
                }

                later.Count += tally.Count;
                later.First = tally.First;
            }
        }
    }

    // Under the lock, one that is not there yet.
    private void Add(Pull pull, Tally tally)
    {
        var isStranger = pull.Principal.Length == 0;
        if (isStranger ? _strangers >= MaxStrangers : _pulls.Count - _strangers >= MaxPulls)
        {
            _dropped += tally.Count;
            return;
        }

        _pulls.Add(pull, tally);
        if (isStranger) _strangers++;
    }

    private void PutBack(IEnumerable<KeyValuePair<Proof, CredentialUse>> uses)
    {
        lock (_lock)
        {
            foreach (var (proof, use) in uses)
            {
                if (_uses.ContainsKey(proof)) continue;
                if (_uses.Count < MaxUses) _uses.Add(proof, use);
                else _dropped++;
            }
        }
    }

    private static ConsumerRecord RecordOf(KeyValuePair<Pull, Tally> entry)
    {
        var (pull, tally) = entry;
        return new ConsumerRecord(
            pull.RegistryId, pull.Repository, pull.Digest, pull.Principal, pull.Address, pull.UserAgent, tally.Count, tally.First, tally.Last);
    }

    private readonly record struct Pull(long RegistryId, RepositoryName Repository, Digest Digest, string Principal, string Address, string UserAgent);

    private readonly record struct Proof(long PrincipalId, CredentialSort Sort, string KeyId);

    private sealed class Tally
    {
        public long Count { get; set; }

        public DateTimeOffset First { get; set; }

        public DateTimeOffset Last { get; set; }
    }
}

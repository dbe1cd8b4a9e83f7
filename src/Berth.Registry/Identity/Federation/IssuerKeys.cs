using System.Collections.Concurrent;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Network;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity.Federation;

/// <summary>
/// The issuers' keys: those that an operator brought, and nothing else where there are such; otherwise those that the issuer publishes, kept for an hour,
/// and for a day where it cannot be asked. An issuer is asked at most every 30 seconds, whoever waits for it
/// and however it answers, and once for all who wait.
/// </summary>
internal sealed partial class IssuerKeys(IIssuerKeys rows, IssuerDocuments documents, TimeProvider time, ILogger<IssuerKeys> logger)
{
    /// <summary>After how long keys are fetched anew.</summary>
    public static readonly TimeSpan Refresh = TimeSpan.FromHours(1);

    /// <summary>How long keys are good while their issuer cannot be asked.</summary>
    public static readonly TimeSpan LongestUse = TimeSpan.FromDays(1);

    /// <summary>How long an issuer is left alone between two attempts.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    // Both documents together: a caller waits no longer than for one request.
    private static readonly TimeSpan LongestFetch = OutboundHttp.LongestRequest;
    private const int MostIssuers = 256;
    private const int MaxReason = 600;

    private readonly ConcurrentDictionary<string, Entry> _issuers = new(StringComparer.Ordinal);
    private readonly Lock _eviction = new();

    /// <summary>The issuer's keys; null when they cannot be had.</summary>
    public async ValueTask<IssuerKeySet?> GetAsync(string issuer, CancellationToken cancellationToken)
    {
        if (await FindBroughtAsync(issuer, cancellationToken) is { } brought) return brought;
        var entry = EntryOf(issuer);
        return entry.IsFresh(Refresh) ? entry.Keys : await FetchAsync(entry, issuer, cancellationToken);
    }

    /// <summary>The issuer's keys as they are now, because those that are known are not enough; those that are known when it was asked a moment ago.</summary>
    public async ValueTask<IssuerKeySet?> GetLatestAsync(string issuer, CancellationToken cancellationToken) =>
        await FindBroughtAsync(issuer, cancellationToken) ?? await FetchAsync(EntryOf(issuer), issuer, cancellationToken);

    // Read anew each time: what was brought or taken back counts at once, on every node.
    private async ValueTask<IssuerKeySet?> FindBroughtAsync(string issuer, CancellationToken cancellationToken)
    {
        if (await rows.FindIssuerKeysAsync(issuer, cancellationToken) is not { } brought) return null;
        using var set = JsonDocument.Parse(brought.Keys);
        return IssuerKeySet.Read(set.RootElement);
    }

    private async ValueTask<IssuerKeySet?> FetchAsync(Entry entry, string issuer, CancellationToken cancellationToken)
    {
        // A caller that leaves does not end the fetch: others wait for it.
        if (entry.Begin(Pause, () => FetchAsync(entry, issuer)) is { } underway) await underway.WaitAsync(cancellationToken);
        return entry.IsFresh(LongestUse) ? entry.Keys : null;
    }

    private async Task FetchAsync(Entry entry, string issuer)
    {
        await Task.Yield();
        using var limit = new CancellationTokenSource(LongestFetch);
        try
        {
            entry.Keep(await documents.FetchKeysAsync(issuer, limit.Token));
            LogFetched(Printable.Of(issuer), entry.Keys!.Count);
        }
        catch (Exception e) when (e is FormatException or OutboundRefusedException or HttpRequestException or OperationCanceledException or ObjectDisposedException)
        {
            LogUnreachable(Printable.Of(issuer), e is OperationCanceledException ? "it did not answer in time" : Printable.Of(e.InnerException?.Message ?? e.Message, MaxReason));
        }
    }

    private Entry EntryOf(string issuer)
    {
        if (_issuers.TryGetValue(issuer, out var known)) return known.Touch();
        lock (_eviction)
        {
            if (_issuers.Count >= MostIssuers) _issuers.TryRemove(_issuers.MinBy(entry => entry.Value.UsedAt).Key, out _);
            return _issuers.GetOrAdd(issuer, _ => new Entry(time)).Touch();
        }
    }

    /// <summary>What is known of an issuer.</summary>
    private sealed class Entry(TimeProvider time)
    {
        private readonly Lock _lock = new();
        private Task _fetch = Task.CompletedTask;
        private long? _attemptedAt;
        private (IssuerKeySet Keys, long At)? _kept;

        public IssuerKeySet? Keys
        {
            get
            {
                lock (_lock) return _kept?.Keys;
            }
        }

        public long UsedAt { get; private set; }

        public Entry Touch()
        {
            UsedAt = time.GetTimestamp();
            return this;
        }

        public bool IsFresh(TimeSpan age)
        {
            lock (_lock) return _kept is { } kept && time.GetElapsedTime(kept.At) < age;
        }

        public void Keep(IssuerKeySet keys)
        {
            lock (_lock) _kept = (keys, time.GetTimestamp());
        }

        /// <summary>The fetch that is underway, or a new one; null when the last one began a moment ago.</summary>
        public Task? Begin(TimeSpan pause, Func<Task> fetch)
        {
            lock (_lock)
            {
                if (!_fetch.IsCompleted) return _fetch;
                if (_attemptedAt is { } at && time.GetElapsedTime(at) < pause) return null;
                _attemptedAt = time.GetTimestamp();
                return _fetch = fetch();
            }
        }
    }
}

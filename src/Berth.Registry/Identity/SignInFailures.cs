using System.Net;
using Berth.Registry.Network;

namespace Berth.Registry.Identity;

/// <summary>
/// Counts failed sign-ins per account and network address, and makes the next ones from there wait: longer with each failure, never for good, and never
/// those from elsewhere. Accounts that there are not count together for their address.
/// </summary>
internal sealed class SignInFailures(TimeSpan longestDelay, TimeProvider time)
{
    /// <summary>The failures that cost no wait: a person mistypes.</summary>
    public const int Free = 5;

    /// <summary>The longest line of sign-ins that wait; beyond it they are refused unseen.</summary>
    public static readonly TimeSpan LongestLine = TimeSpan.FromSeconds(10);

    private const int MaxEntries = 10_000;
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(15);

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Account, IPAddress Source), Entry> _entries = [];

    /// <summary>Takes the next place of an account's line from an address; the result is the time until then.</summary>
    /// <param name="account">The account's name; null for one that there is not.</param>
    /// <param name="address">The client's address.</param>
    public TimeSpan Reserve(string? account, IPAddress? address)
    {
        lock (_lock)
        {
            if (Find(account, address) is not { Count: > Free } entry) return TimeSpan.Zero;
            var now = time.GetUtcNow();
            var place = entry.Next > now ? entry.Next : now;
            var wait = place - now;
            if (wait <= LongestLine) entry.Next = place + DelayAfter(entry.Count);
            return wait;
        }
    }

    /// <summary>Counts a failure.</summary>
    public void Add(string? account, IPAddress? address)
    {
        lock (_lock)
        {
            var entry = Find(account, address);
            if (entry is null)
            {
                if (_entries.Count >= MaxEntries) ForgetSome();
                _entries[KeyOf(account, address)] = entry = new Entry();
            }

            entry.Count++;
            entry.LastAt = time.GetUtcNow();
        }
    }

    /// <summary>Forgets an account's failures from an address: somebody there knows the password.</summary>
    public void Forget(string account, IPAddress? address)
    {
        lock (_lock) _entries.Remove(KeyOf(account, address));
    }

    private TimeSpan DelayAfter(int failures)
    {
        var delay = FirstDelay * Math.Pow(2, Math.Min(failures - Free - 1, 10));
        return delay < longestDelay ? delay : longestDelay;
    }

    private static (string Account, IPAddress Source) KeyOf(string? account, IPAddress? address) => (account ?? "", SourceAddress.Of(address));

    private Entry? Find(string? account, IPAddress? address)
    {
        var key = KeyOf(account, address);
        if (!_entries.TryGetValue(key, out var entry)) return null;
        if (time.GetUtcNow() - entry.LastAt < Memory) return entry;
        _entries.Remove(key);
        return null;
    }

    // Those that failed longest ago.
    private void ForgetSome()
    {
        foreach (var key in _entries.OrderBy(entry => entry.Value.LastAt).Take(MaxEntries / 8).Select(entry => entry.Key).ToArray()) _entries.Remove(key);
    }

    private sealed class Entry
    {
        public int Count { get; set; }

        public DateTimeOffset LastAt { get; set; }

        public DateTimeOffset Next { get; set; }
    }
}

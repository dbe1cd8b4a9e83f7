using Berth.Metadata;
using Berth.Registry.Identity;

namespace Berth.Registry.Network;

/// <summary>Says who among those that were seen lately would be let in no more by other network rules: by sign-ins and by pulls.</summary>
internal sealed class NetworkDryRun(IConsumers consumers, IAccessEvents events, AccessLog accessLog, UsageLog usage, NetworkRules rules, TimeProvider time)
{
    /// <summary>How many pulls a page looks at.</summary>
    public const int PageSize = 1_000;

    private const int MostSignIns = 1_000;

    /// <summary>How far back it looks.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromDays(30);

    /// <summary>Whether the settings let an address in; null where it cannot be told.</summary>
    public bool? Allows(RegistrySettings settings, string? address)
    {
        if (address is not null && AddressBlock.TryParse(address, out var block, out _)) return rules.Judge(settings, block) == NetworkVerdict.Allowed;
        return settings is { IsPublic: true, AllowsByDefault: true } ? true : null;
    }

    /// <summary>
    /// Those who are let in now and would not be then, and those of whom it cannot be told: of sign-ins on the first page, and of as many pulls as a page
    /// looks at, after the given key. Somebody may be on several pages.
    /// </summary>
    /// <exception cref="FormatException">The key is none that a page gave.</exception>
    public async ValueTask<CutOffPage> FindAsync(
        RegistryRecord registry, RegistrySettings present, RegistrySettings proposed, string? after, CancellationToken cancellationToken)
    {
        var since = time.GetUtcNow() - Window;
        await usage.FlushIfPossibleAsync(cancellationToken);
        var seen = new Dictionary<(string Principal, string Address), DateTimeOffset>();
        var isCut = false;
        if (after is null)
        {
            await accessLog.FlushIfPossibleAsync(cancellationToken);
            var signIns = await events.ListAccessEventsAsync(registry.Id, since, [AccessEventKinds.SignIn], MostSignIns, cancellationToken);
            foreach (var signIn in signIns) Add(signIn.Actor, signIn.Address, signIn.Minute);
            isCut = signIns.Count == MostSignIns;
        }

        var page = await consumers.ListConsumersAsync(new ConsumerQuery(registry.Id, Since: since), after, PageSize, cancellationToken);
        foreach (var pull in page.Items) Add(pull.Principal, pull.Address, pull.LastAt);

        var cutOff = seen.Where(entry => Allows(present, entry.Key.Address) != false && Allows(proposed, entry.Key.Address) != true)
            .Select(entry => new CutOffCaller(entry.Key.Principal, entry.Key.Address, entry.Value, Allows(proposed, entry.Key.Address) is null))
            .OrderByDescending(caller => caller.LastSeenAt).ThenBy(caller => caller.Principal, StringComparer.Ordinal).ThenBy(caller => caller.Address, StringComparer.Ordinal);
        return new CutOffPage([.. cutOff], isCut, page.More ? page.Last : null);

        void Add(string principal, string address, DateTimeOffset at)
        {
            var key = (principal, address);
            if (!seen.TryGetValue(key, out var known) || known < at) seen[key] = at;
        }
    }
}

/// <summary>A part of those whom other rules would cut off.</summary>
/// <param name="Callers">They, the one seen last first.</param>
/// <param name="IsCut">Whether there were more sign-ins than were looked at.</param>
/// <param name="Next">The key that the next page goes on after; null when there is none.</param>
internal sealed record CutOffPage(IReadOnlyList<CutOffCaller> Callers, bool IsCut, string? Next);

/// <summary>Somebody who was seen from an address.</summary>
/// <param name="Principal">The name that it signed in with; empty without credentials.</param>
/// <param name="Address">The address, or what is kept of it.</param>
/// <param name="LastSeenAt">When it was seen from there last.</param>
/// <param name="IsUncertain">Whether the address says too little to tell.</param>
internal sealed record CutOffCaller(string Principal, string Address, DateTimeOffset LastSeenAt, bool IsUncertain);

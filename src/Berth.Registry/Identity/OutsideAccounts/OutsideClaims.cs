using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity.Federation;

namespace Berth.Registry.Identity.OutsideAccounts;

/// <summary>Makes a person of the provider's claims: a user name, a name to show, the groups.</summary>
internal sealed class OutsideClaims(IdentityOptions options)
{
    private const int MaxName = 256;
    private const int MaxGroup = 256;
    private const int MostGroups = 1_000;

    private OutsideProviderOptions Options => options.Provider;

    /// <summary>The person.</summary>
    /// <param name="claims">The claims.</param>
    /// <param name="known">The person's account; null at a sign-in.</param>
    /// <exception cref="ProviderException">The claims are not enough.</exception>
    public OutsidePerson Read(JsonElement claims, PrincipalRecord? known)
    {
        var name = known?.Name ?? NameOf(claims);
        var shown = Printable.Of(ProviderTokens.Text(claims, Options.DisplayNameClaim), MaxName).Trim();
        var (groups, mapped) = Map(Options.UsesGroups ? GroupsOf(claims) : []);
        return new OutsidePerson(Options.Issuer!, claims.GetProperty("sub").GetString()!, name, shown.Length > 0 ? shown : known?.DisplayName ?? name, groups, mapped);
    }

    private string NameOf(JsonElement claims)
    {
        IReadOnlyList<string> wanted = Options.UserNameClaim is { } only ? [only] : ["preferred_username", "upn", "email"];
        foreach (var claim in wanted)
        {
            if (claim == "email" && !IsAddressTheirs(claims)) continue;
            if (ProviderTokens.Text(claims, claim)?.ToLowerInvariant() is not { } name) continue;
            if (!name.Contains('@', StringComparison.Ordinal)) name = $"{name}@{new Uri(Options.Issuer!).Host}";
            if (name.Length <= MaxName && UserPrincipalName.IsPlain(name)) return name;
        }

        throw new ProviderException(ProviderFault.Unusable, $"it gives no usable user name in {string.Join(", ", wanted)}; Identity:Provider:UserNameClaim says which claim to use");
    }

    // Anybody can enter somebody else's address somewhere. Where a provider never says whether it looked, an operator who names the claim vouches for it.
    private bool IsAddressTheirs(JsonElement claims) =>
        claims.TryGetProperty("email_verified", out var verified) ? verified.ValueKind == JsonValueKind.True : Options.UserNameClaim is not null;

    private HashSet<string> GroupsOf(JsonElement claims)
    {
        // Entra names the groups of nobody who is in too many, but another address that would (a call to Graph).
        var isElsewhere = claims.TryGetProperty("_claim_names", out var names) && names.ValueKind == JsonValueKind.Object && names.TryGetProperty(Options.GroupsClaim, out _);
        if (isElsewhere || (claims.TryGetProperty("hasgroups", out var has) && has.ValueKind == JsonValueKind.True))
            throw TooMany("it does not list the groups of this person, who is in too many for its token; let it name only the groups assigned to this application");

        if (!claims.TryGetProperty(Options.GroupsClaim, out var value)) return [];
        var all = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : (IEnumerable<JsonElement>)[value];
        var groups = all.Where(one => one.ValueKind == JsonValueKind.String).Select(one => one.GetString()!)
            .Where(group => group.Length is > 0 and <= MaxGroup && !group.Any(char.IsControl)).ToHashSet(StringComparer.Ordinal);
        return groups.Count <= MostGroups ? groups : throw TooMany($"it lists more than {MostGroups} groups of this person; let it name fewer");
    }

    private (List<string> Groups, List<string> Mapped) Map(HashSet<string> outer)
    {
        var (own, mapped) = (new HashSet<string>(outer, StringComparer.Ordinal), new List<string>());
        foreach (var entry in Options.GroupMap)
        {
            var at = entry.LastIndexOf('=');
            own.Remove(entry[..at]);
            if (outer.Contains(entry[..at])) mapped.Add(entry[(at + 1)..]);
        }

        return (Options.OnlyMappedGroups ? [] : [.. own], [.. mapped.Distinct(StringComparer.Ordinal)]);
    }

    private static ProviderException TooMany(string message) => new(ProviderFault.Unusable, message);
}

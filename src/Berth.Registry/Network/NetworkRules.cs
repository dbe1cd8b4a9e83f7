namespace Berth.Registry.Network;

/// <summary>Which addresses a registry's settings let in.</summary>
internal sealed class NetworkRules(NetworkOptions options)
{
    private readonly AddressSet _trusted = options.TrustedCallers.Count == 0 ? AddressSet.None : new AddressSet(options.TrustedCallers.Select(AddressBlock.Of));

    /// <summary>What the settings say about a caller; one without an address is named by no rule.</summary>
    public NetworkVerdict Judge(RegistrySettings settings, AddressBlock? address)
    {
        if (settings is { IsPublic: true, AllowsByDefault: true }) return NetworkVerdict.Allowed;
        if (ReferenceEquals(settings, RegistrySettings.Closed)) return NetworkVerdict.Unreadable;
        if (address is { } caller && settings.TrustedCallersPass && _trusted.Contains(caller)) return NetworkVerdict.Allowed;
        if (!settings.IsPublic) return NetworkVerdict.NotPublic;
        return settings.AllowsByDefault || (address is { } other && settings.Allowed.Contains(other)) ? NetworkVerdict.Allowed : NetworkVerdict.NotNamed;
    }

    /// <summary>What the settings say about a caller who came in at a private listener, whose address no rule is asked about.</summary>
    public static NetworkVerdict Judge(RegistrySettings settings, string registry, PrivateArrival arrival)
    {
        if (arrival.Registry != registry) return NetworkVerdict.NotHere;
        if (ReferenceEquals(settings, RegistrySettings.Closed)) return NetworkVerdict.Unreadable;
        return settings.Connections[arrival.Connection].Status == ConnectionStatus.Approved ? NetworkVerdict.Allowed : NetworkVerdict.NotApproved;
    }
}

/// <summary>Whether a caller may reach a registry's data plane, and why not.</summary>
internal enum NetworkVerdict
{
    /// <summary>It may.</summary>
    Allowed,

    /// <summary>No rule names its address, and those are let in alone.</summary>
    NotNamed,

    /// <summary>The registry's public network access is disabled.</summary>
    NotPublic,

    /// <summary>The stored settings cannot be read.</summary>
    Unreadable,

    /// <summary>It came in at the private listener of another registry.</summary>
    NotHere,

    /// <summary>It came in at the registry's own private listener, whose connection is not approved.</summary>
    NotApproved,
}

using System.Collections.Concurrent;
using Berth.Metadata;

namespace Berth.Registry;

/// <summary>The settings of the registries that were asked for last: read once for each text that a row has held, not with each request.</summary>
internal sealed class KnownSettings
{
    private const int MaxRemembered = 1_000;

    private readonly ConcurrentDictionary<long, (string Text, RegistrySettings Settings)> _known = new();

    /// <summary>The registry's settings.</summary>
    public RegistrySettings Of(RegistryRecord registry)
    {
        var text = registry.Properties;
        if (text == RegistrySettings.Nothing) return RegistrySettings.Default;
        var isKnown = _known.TryGetValue(registry.Id, out var known);
        if (isKnown && ReferenceEquals(known.Text, text)) return known.Settings;

        // The row was read anew, mostly without a change: long texts are compared once more, and then never until it is read again.
        var settings = isKnown && known.Text == text ? known.Settings : RegistrySettings.Read(text);
        if (!isKnown && _known.Count >= MaxRemembered) _known.Clear();
        _known[registry.Id] = (text, settings);
        return settings;
    }
}

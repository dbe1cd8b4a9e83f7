using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Berth.Server.Configuration;

/// <summary>
/// The settings that were given, by key (<c>Http:AllowRemote</c>, any case); a later layer wins over an earlier one. Every key that is asked for
/// becomes known, so that what nobody asked for can be named.
/// </summary>
internal sealed class SettingLayers
{
    private const string VariablePrefix = "BERTH_";

    /// <summary>Variables that begin like settings and are none.</summary>
    private static readonly string[] OtherVariables = ["BERTH_OWNER_PASSWORD", "BERTH_LONG", "BERTH_CONFIG_DIR"];

    private readonly Dictionary<string, LayeredSetting> _settings = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);
    private int _layer;

    /// <summary>Adds the settings of a configuration file: each leaf's path with its value.</summary>
    public void AddFile(string path, IEnumerable<KeyValuePair<string, string>> leaves)
    {
        _layer++;
        foreach (var (key, value) in leaves)
            Add(key, value, $"{key} in {path}");
    }

    /// <summary>Adds the settings among environment variables: <c>BERTH_Http__AllowRemote</c> is <c>Http:AllowRemote</c>.</summary>
    public void AddVariables(IDictionary variables)
    {
        _layer++;
        foreach (DictionaryEntry variable in variables)
        {
            var name = (string)variable.Key;
            if (!name.StartsWith(VariablePrefix, StringComparison.OrdinalIgnoreCase) || OtherVariables.Contains(name))
                continue;
            Add(name[VariablePrefix.Length..].Replace("__", ":", StringComparison.Ordinal), (string?)variable.Value ?? "", name);
        }
    }

    /// <summary>Adds a setting that was given as a flag of the command line.</summary>
    public void AddFlag(string flag, string key, string value)
    {
        _layer++;
        Add(key, value, flag);
    }

    /// <summary>The setting with this key, if it was given.</summary>
    public bool TryGet(string key, [NotNullWhen(true)] out Setting? setting)
    {
        _known.Add(key);
        setting = _settings.GetValueOrDefault(key)?.Setting;
        return setting is not null;
    }

    /// <summary>The elements <c>key:0</c>, <c>key:1</c> … of a list, or none when it was not given that way.</summary>
    public IReadOnlyList<Setting> GetElements(string key)
    {
        var elements = new List<Setting>();
        while (TryGet($"{key}:{elements.Count}", out var element))
            elements.Add(element);
        return elements;
    }

    /// <summary>How the settings were given that nobody asked for: misspelt ones, or another version's.</summary>
    public IReadOnlyList<string> Unknown() =>
        [.. _settings.Where(s => !_known.Contains(s.Key)).Select(s => s.Value.Setting.GivenAs).Order(StringComparer.Ordinal)];

    // A list in one layer replaces that of an earlier one as a whole: elements of two layers are never mixed.
    private void Add(string key, string value, string givenAs)
    {
        var colon = key.LastIndexOf(':');
        var list = colon > 0 && int.TryParse(key.AsSpan(colon + 1), out _) ? key[..colon] : key;
        for (var i = 0; _settings.TryGetValue($"{list}:{i}", out var element) && element.Layer != _layer; i++)
            _settings.Remove($"{list}:{i}");
        if (list.Length != key.Length)
            _settings.Remove(list);
        _settings[key] = new LayeredSetting(new Setting(value, givenAs), _layer);
    }

    // A class: a collection of a structure of ours is compiled anew at each start (docs/decisions/0010-start-time-and-memory.md).
    private sealed record LayeredSetting(Setting Setting, int Layer);
}

using System.ComponentModel.DataAnnotations;
using System.Reflection;

namespace Berth.Server.Configuration;

/// <summary>
/// Makes an options record from the given settings. A property is a setting whose key is its path; a property of an options record is a
/// section. Collects one sentence for each value that is not allowed.
/// </summary>
internal sealed class OptionsBinder(SettingLayers settings)
{
    private readonly List<string> _errors = [];

    /// <summary>What is wrong with the values, a sentence each; none when all are allowed.</summary>
    public IReadOnlyList<string> Errors => _errors;

    /// <summary>Whether a property's type is a section with settings of its own.</summary>
    public static bool IsSection(Type type) =>
        type.IsClass && type != typeof(string) && type.Namespace?.StartsWith("Berth.", StringComparison.Ordinal) == true;

    /// <summary>The record with every given setting in place, defaults elsewhere.</summary>
    public T Bind<T>() where T : class => (T)BindSection(typeof(T), "");

    private object BindSection(Type type, string prefix)
    {
        var section = Activator.CreateInstance(type)!;
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (!property.CanWrite)
                continue;
            if (IsSection(property.PropertyType))
            {
                var inline = property.IsDefined(typeof(InlineAttribute));
                property.SetValue(section, BindSection(property.PropertyType, inline ? prefix : $"{prefix}{property.Name}:"));
            }
            else if (BindValue(property, prefix + property.Name) is { } value)
            {
                property.SetValue(section, value);
            }
        }

        return section;
    }

    private object? BindValue(PropertyInfo property, string key)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        if (SettingValue.ElementType(type) is { } elementType)
            return BindList(property, key, elementType);
        return settings.TryGet(key, out var setting) ? Parse(property, type, setting) : null;
    }

    private System.Collections.IList? BindList(PropertyInfo property, string key, Type elementType)
    {
        var elements = settings.GetElements(key);
        if (elements.Count == 0)
        {
            if (!settings.TryGet(key, out var whole))
                return null;
            elements = [.. whole.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(v => whole with { Value = v })];
        }

        var list = (System.Collections.IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(elementType))!;
        foreach (var element in elements)
        {
            if (Parse(property, elementType, element) is { } value)
                list.Add(value);
        }

        return list;
    }

    private object? Parse(PropertyInfo property, Type type, Setting setting)
    {
        var range = property.GetCustomAttribute<RangeAttribute>();
        if (SettingValue.TryParse(type, setting.Value, out var value) && (range is null || SettingValue.IsInRange(value, range)))
            return value;
        var shown = property.IsDefined(typeof(SecretAttribute)) ? "a value that is not shown" : $"'{setting.Value}'";
        _errors.Add($"{setting.GivenAs} is {shown}; allowed is {SettingValue.Allowed(type, range)}.");
        return null;
    }
}

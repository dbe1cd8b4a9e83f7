using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net;
using Berth.Registry.Network;
using Berth.Registry.Throttling;

namespace Berth.Server.Configuration;

/// <summary>The text forms of the types a setting may have.</summary>
internal static class SettingValue
{
    private static readonly (string Suffix, TimeSpan Unit)[] Units =
        [("ms", TimeSpan.FromMilliseconds(1)), ("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)), ("h", TimeSpan.FromHours(1)), ("d", TimeSpan.FromDays(1))];

    /// <summary>The type of a list's elements, or null when the type is no list.</summary>
    public static Type? ElementType(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;

    /// <summary>Reads a value of the type; false when the text is none.</summary>
    public static bool TryParse(Type type, string text, out object value)
    {
        object? parsed = null;
        if (type == typeof(string))
            parsed = text.Length == 0 ? null : text;
        else if (type == typeof(bool))
            parsed = bool.TryParse(text, out var flag) ? flag : null;
        else if (type == typeof(int))
            parsed = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
        else if (type == typeof(long))
            parsed = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
        else if (type == typeof(double))
            parsed = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;
        else if (type == typeof(TimeSpan))
            parsed = TryParseDuration(text, out var duration) ? duration : null;
        else if (type == typeof(Uri))
            parsed = Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri : null;
        else if (type == typeof(IPNetwork))
            parsed = TryParseNetwork(text, out var network) ? network : null;
        else if (type == typeof(ListenAddress))
            parsed = ListenAddress.TryParse(text, out var address) ? address : null;
        else if (type == typeof(PrivateListener))
            parsed = PrivateListener.TryParse(text, out var listener) ? listener : null;
        else if (type == typeof(RegistryLimit))
            parsed = RegistryLimit.TryParse(text, out var limit) ? limit : null;
        else if (type.IsEnum)
            parsed = Enum.GetNames(type).FirstOrDefault(n => n.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } name ? Enum.Parse(type, name) : null;
        else
            throw new InvalidOperationException($"A setting cannot have the type {type}.");
        value = parsed!;
        return parsed is not null;
    }

    /// <summary>Whether a value lies within a property's range.</summary>
    public static bool IsInRange(object value, RangeAttribute range) => value switch
    {
        TimeSpan duration => duration >= Bound(range.Minimum) && duration <= Bound(range.Maximum),
        _ => Number(value) >= Number(range.Minimum) && Number(value) <= Number(range.Maximum),
    };

    /// <summary>What values are allowed, for messages and for the reference page.</summary>
    public static string Allowed(Type type, RangeAttribute? range)
    {
        if (range is not null)
            return type == typeof(TimeSpan) ? $"a duration from {Text(Bound(range.Minimum))} to {Text(Bound(range.Maximum))}" : string.Create(CultureInfo.InvariantCulture, $"a number from {range.Minimum} to {range.Maximum}");
        if (type == typeof(bool))
            return "true or false";
        if (type == typeof(int) || type == typeof(long) || type == typeof(double))
            return "a number";
        if (type == typeof(TimeSpan))
            return "a duration such as 90s, 5m, 24h, 7d or 00:01:30";
        if (type == typeof(Uri))
            return "an http or https address";
        if (type == typeof(IPNetwork))
            return "networks such as 10.0.0.0/8, or addresses, separated by commas";
        if (type == typeof(ListenAddress))
            return ListenAddress.Allowed;
        if (type == typeof(PrivateListener))
            return PrivateListener.Allowed;
        if (type == typeof(RegistryLimit))
            return RegistryLimit.Allowed;
        return type.IsEnum ? string.Join(" or ", Enum.GetNames(type)) : "a text that is not empty";
    }

    /// <summary>The text form of a value, as a user would write it.</summary>
    public static string Text(object? value) => value switch
    {
        null => "",
        bool flag => flag ? "true" : "false",
        TimeSpan duration => Text(duration),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        System.Collections.IEnumerable list and not string => string.Join(", ", list.Cast<object>().Select(Text)),
        _ => value.ToString() ?? "",
    };

    private static string Text(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
            return "0s";
        foreach (var (suffix, unit) in Units.Reverse())
        {
            if (duration.Ticks % unit.Ticks == 0)
                return string.Create(CultureInfo.InvariantCulture, $"{duration.Ticks / unit.Ticks}{suffix}");
        }

        return duration.ToString("c", CultureInfo.InvariantCulture);
    }

    // A bare number is refused: TimeSpan would read 30 as days, and nobody means that.
    private static bool TryParseDuration(string text, out TimeSpan duration)
    {
        if (text.Contains(':', StringComparison.Ordinal))
            return TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out duration) && duration >= TimeSpan.Zero;
        duration = TimeSpan.Zero;
        foreach (var (suffix, unit) in Units)
        {
            if (!text.EndsWith(suffix, StringComparison.Ordinal) || !double.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count))
                continue;
            if (count * unit.TotalDays > 36_500)
                return false;
            duration = unit * count;
            return true;
        }

        return false;
    }

    // One address is a network of its own.
    private static bool TryParseNetwork(string text, out IPNetwork network)
    {
        if (IPNetwork.TryParse(text, out network))
            return true;
        if (!IPAddress.TryParse(text, out var address))
            return false;
        network = new IPNetwork(address, address.GetAddressBytes().Length * 8);
        return true;
    }

    private static TimeSpan Bound(object bound) => TimeSpan.ParseExact((string)bound, "c", CultureInfo.InvariantCulture);

    private static double Number(object value) => Convert.ToDouble(value, CultureInfo.InvariantCulture);
}

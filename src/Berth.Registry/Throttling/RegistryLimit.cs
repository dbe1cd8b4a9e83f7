using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Berth.Registry.Throttling;

/// <summary>The limit of one class at one registry.</summary>
/// <param name="Registry">The registry's name.</param>
/// <param name="Class">The class, by its setting's name.</param>
/// <param name="Total">How many a minute from all callers; 0 for no limit.</param>
/// <param name="PerCaller">How many a minute from one caller; 0 for no limit.</param>
public sealed record RegistryLimit(string Registry, string Class, int Total, int PerCaller)
{
    /// <summary>What is allowed, for messages.</summary>
    public const string Allowed = "REGISTRY:CLASS=TOTAL/PER-CALLER such as team1:Read=600/60 (Read, Write, Delete, Referrers or Token), separated by commas";

    /// <summary>Reads the text form; false when it is none.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out RegistryLimit? limit)
    {
        limit = null;
        if (text.Split('=') is not [var place, var numbers] || place.Split(':') is not [{ Length: >= 5 and <= 50 } registry, var name]) return false;
        if (!registry.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)) || ClassOf(name) is not { } limited) return false;
        if (numbers.Split('/') is not [var total, var perCaller] || !TryNumber(total, out var all) || !TryNumber(perCaller, out var one)) return false;
        limit = new RegistryLimit(registry, limited.ToString(), all, one);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Registry}:{Class}={Total}/{PerCaller}");

    // The control plane is nobody's registry.
    private static LimitClass? ClassOf(string name)
    {
        for (var limited = LimitClass.Read; limited <= LimitClass.Token; limited++)
        {
            if (limited.ToString().Equals(name, StringComparison.OrdinalIgnoreCase)) return limited;
        }

        return null;
    }

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= 100_000_000;
}

using System.CommandLine;
using System.Globalization;

namespace Berth.Cli.Acr;

/// <summary>The flags that say when a password ends.</summary>
internal sealed class ExpiryOptions
{
    private readonly Option<int?> _days = new("--expiration-in-days") { Description = "In how many days it ends." };
    private readonly Option<string?> _time = new("--expiration") { Description = "When it ends, such as 2030-01-31T00:00:00Z; never when neither is given." };

    /// <summary>The flags.</summary>
    public IEnumerable<Option> All => [_days, _time];

    /// <summary>When it ends; null for never.</summary>
    /// <exception cref="ArgumentException">Both are given, or one cannot be read.</exception>
    public DateTimeOffset? Read(ParseResult parsed)
    {
        switch (parsed.GetValue(_days), parsed.GetValue(_time))
        {
            case (null, null): return null;
            case ({ } days, null) when days is > 0 and <= 36_500: return TimeProvider.System.GetUtcNow().AddDays(days);
            case (null, { } text) when DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time): return time;
            case ({ }, null): throw new ArgumentException("--expiration-in-days is a number from 1 to 36500.");
            case (null, { } text): throw new ArgumentException($"--expiration is '{text}', which is no time; write 2030-01-31T00:00:00Z.");
            default: throw new ArgumentException("Give --expiration-in-days or --expiration, not both.");
        }
    }
}

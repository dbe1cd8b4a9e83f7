using System.Globalization;
using System.Text.Json;
using System.Xml;
using Berth.Oci;

namespace Berth.Registry.Lifecycle.Workloads;

/// <summary>How long a report holds.</summary>
internal static class ReportLifetime
{
    /// <summary>How long one does that does not say it.</summary>
    public static readonly TimeSpan Default = TimeSpan.FromDays(1);

    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    /// <summary>Reads seconds, as a number or a text, or a duration of ISO 8601.</summary>
    /// <exception cref="OciException">400: it is none, or too short or too long.</exception>
    public static TimeSpan Read(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => Default,
        JsonValueKind.Number when value.TryGetInt64(out var seconds) => Check(seconds),
        JsonValueKind.String => Read(value.GetString()!),
        _ => throw Bad(),
    };

    private static TimeSpan Read(string text)
    {
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return Check(seconds);
        try
        {
            var duration = XmlConvert.ToTimeSpan(text);
            return duration >= Shortest && duration <= Longest ? duration : throw Bad();
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw Bad();
        }
    }

    private static TimeSpan Check(long seconds) =>
        seconds >= Shortest.TotalSeconds && seconds <= Longest.TotalSeconds ? TimeSpan.FromSeconds(seconds) : throw Bad();

    private static OciException Bad() => new(
        OciErrorCode.BadRequest, "'ttl' must be a duration from one minute to 30 days, in seconds (3600) or as ISO 8601 has it (PT1H, P7D).");
}

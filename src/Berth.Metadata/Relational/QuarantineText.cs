using System.Globalization;
using System.Text.Json;

namespace Berth.Metadata.Relational;

/// <summary>The JSON object that rows hold of content that is set apart; its end stands in a column of its own.</summary>
internal static class QuarantineText
{
    /// <summary>The end of what is not set apart any more: any time is behind it.</summary>
    public const long Ended = 0;

    public static string Write(Quarantine quarantine, string by, long at) => JsonText.Facts(
        ("state", quarantine.State.ToString()), ("reason", quarantine.Reason), ("details", quarantine.Details), ("by", by),
        ("at", at.ToString(CultureInfo.InvariantCulture)));

    public static Quarantine Read(string value, DateTimeOffset? until)
    {
        using var document = JsonDocument.Parse(value);
        var state = Enum.TryParse<QuarantineState>(Text("state"), out var known) ? known : QuarantineState.Quarantined;
        return new Quarantine(state, Text("reason"), state == QuarantineState.Passed ? null : until)
        {
            Details = Text("details"),
            By = Text("by") ?? "",
            At = long.TryParse(Text("at"), NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? DateTimeOffset.FromUnixTimeMilliseconds(at) : default,
        };

        string? Text(string name) => document.RootElement.TryGetProperty(name, out var text) ? text.GetString() : null;
    }

    /// <summary>What the column of the end holds.</summary>
    public static long? End(Quarantine quarantine) => quarantine.State == QuarantineState.Passed ? Ended : quarantine.Until?.ToUnixTimeMilliseconds();
}

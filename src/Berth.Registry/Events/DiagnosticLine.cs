using System.Buffers;
using System.Text.Json;
using Berth.Metadata;

namespace Berth.Registry.Events;

/// <summary>
/// A line of the diagnostic logs: a JSON object with Azure Container Registry's columns, all of its category's in each line, null where there is nothing to say, and two of ours
/// (<c>Count</c>, <c>LedgerPosition</c>). Whatever a client sent is escaped, so that a line stays one.
/// </summary>
internal static class DiagnosticLine
{
    private const string StatusType = "HttpStatusCode";

    /// <summary>The line with its line feed.</summary>
    /// <param name="happened">What happened.</param>
    /// <param name="when">When and how often.</param>
    /// <param name="registry">The registry; null for what belongs to none.</param>
    /// <param name="loginServer">The host that clients name.</param>
    /// <param name="installation">The installation.</param>
    public static byte[] Write(DiagnosticEvent happened, DiagnosticOccurrence when, RegistryRecord? registry, string loginServer, InstallationRecord installation)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("TimeGenerated"u8, when.At.UtcDateTime);
            json.WriteString("Category"u8, happened.Category);
            json.WriteString("OperationName"u8, happened.Operation);
            json.WriteString("ResultType"u8, StatusType);
            json.WriteString("ResultDescription"u8, happened.Status.ToString(System.Globalization.CultureInfo.InvariantCulture));
            json.WriteString("CorrelationId"u8, when.CorrelationId);
            json.WriteString("LoginServer"u8, loginServer);
            json.WriteString("Region"u8, registry?.Location is { Length: > 0 } location ? location : installation.Region);
            json.WriteString("Identity"u8, happened.Identity);
            json.WriteString("CallerIpAddress"u8, happened.Address);
            WriteNumber(json, "DurationMs"u8, when.DurationMs);
            json.WriteString("UserTenantId"u8, installation.TenantId);
            if (happened.Category == DiagnosticColumns.LoginEvents) json.WriteNull("JwtId"u8);
            else WriteContent(json, happened);
            json.WriteNumber("Count"u8, when.Count);
            json.WriteString(DiagnosticColumns.LedgerPosition, when.LedgerPosition);
            json.WriteString("_SubscriptionId"u8, registry?.SubscriptionId ?? installation.SubscriptionId);
            json.WriteString("_ResourceId"u8, registry?.Scope.Value);
            json.WriteString("Type"u8, happened.Category);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteContent(Utf8JsonWriter json, DiagnosticEvent happened)
    {
        json.WriteString("UserAgent"u8, happened.UserAgent);
        json.WriteString("Repository"u8, happened.Repository);
        json.WriteString("Tag"u8, happened.Tag);
        json.WriteString("Digest"u8, happened.Digest);
        json.WriteString("MediaType"u8, happened.MediaType);
        json.WriteString("ArtifactType"u8, happened.ArtifactType);
        WriteNumber(json, "Size"u8, happened.Size);
    }

    private static void WriteNumber(Utf8JsonWriter json, ReadOnlySpan<byte> name, double? number)
    {
        if (number is { } value) json.WriteNumber(name, Math.Round(value, 2));
        else json.WriteNull(name);
    }
}

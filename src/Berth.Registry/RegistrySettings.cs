using System.Buffers;
using System.Text;
using System.Text.Json;
using Berth.Registry.Network;

namespace Berth.Registry;

/// <summary>What the features keep in a registry's row (<c>properties</c>, docs/dev/formats.md).</summary>
internal sealed record RegistrySettings
{
    /// <summary>The text of settings that nobody changed.</summary>
    public const string Nothing = "{}";

    /// <summary>The settings of a new registry.</summary>
    public static RegistrySettings Default { get; } = new();

    /// <summary>What stands for settings that cannot be read: nobody is let in.</summary>
    public static RegistrySettings Closed { get; } =
        new() { AllowsByDefault = false, IsPublic = false, TrustedCallersPass = false, AllowsExport = false, TakesControlPlaneTokens = false, Connections = PrivateConnections.AllPending };

    /// <summary>Whether an address that no rule names may reach the data plane.</summary>
    public bool AllowsByDefault { get; init; } = true;

    /// <summary>The addresses that the rules name.</summary>
    public AddressSet Allowed { get; init; } = AddressSet.None;

    /// <summary>Whether the data plane is there at all for those who come over the public listeners.</summary>
    public bool IsPublic { get; init; } = true;

    /// <summary>Whether the callers that the installation trusts pass the rules.</summary>
    public bool TrustedCallersPass { get; init; } = true;

    /// <summary>Whether content may be copied out of the registry by anything but a pull.</summary>
    public bool AllowsExport { get; init; } = true;

    /// <summary>Whether the token service takes the control plane's tokens, beside those for registries.</summary>
    public bool TakesControlPlaneTokens { get; init; } = true;

    /// <summary>Whether blobs are read from a host of their own.</summary>
    public bool HasDataEndpoint { get; init; }

    /// <summary>Which private endpoints' connections it approves of.</summary>
    public PrivateConnections Connections { get; init; } = PrivateConnections.AllApproved;

    /// <summary>Reads what a row holds; <see cref="Closed"/> where that is not what this version writes.</summary>
    public static RegistrySettings Read(string text)
    {
        if (text == Nothing) return Default;
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.EnumerateObject().Aggregate(Default, Set);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return Closed;
        }
    }

    /// <summary>The text that a row holds; what is as in a new registry is left out.</summary>
    public string Write()
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (!AllowsByDefault) json.WriteBoolean("allowsByDefault"u8, false);
            if (Allowed.Blocks.Count > 0)
            {
                json.WriteStartArray("allowed"u8);
                foreach (var block in Allowed.Blocks) json.WriteStringValue(block.Text);
                json.WriteEndArray();
            }

            if (!IsPublic) json.WriteBoolean("isPublic"u8, false);
            if (!TrustedCallersPass) json.WriteBoolean("trustedCallersPass"u8, false);
            if (!AllowsExport) json.WriteBoolean("allowsExport"u8, false);
            if (!TakesControlPlaneTokens) json.WriteBoolean("takesControlPlaneTokens"u8, false);
            if (HasDataEndpoint) json.WriteBoolean("hasDataEndpoint"u8, true);
            if (!Connections.IsEmpty)
            {
                json.WritePropertyName("connections"u8);
                Connections.Write(json);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    // What is not known may be a restriction that a later version wrote: it must not be passed over.
    private static RegistrySettings Set(RegistrySettings settings, JsonProperty property) => property.Name switch
    {
        "allowsByDefault" => settings with { AllowsByDefault = property.Value.GetBoolean() },
        "allowed" => settings with { Allowed = new AddressSet(property.Value.EnumerateArray().Select(value => ReadBlock(value.GetString()))) },
        "isPublic" => settings with { IsPublic = property.Value.GetBoolean() },
        "trustedCallersPass" => settings with { TrustedCallersPass = property.Value.GetBoolean() },
        "allowsExport" => settings with { AllowsExport = property.Value.GetBoolean() },
        "takesControlPlaneTokens" => settings with { TakesControlPlaneTokens = property.Value.GetBoolean() },
        "hasDataEndpoint" => settings with { HasDataEndpoint = property.Value.GetBoolean() },
        "connections" => settings with { Connections = PrivateConnections.Read(property.Value) },
        _ => throw new FormatException($"There is no setting '{property.Name}'."),
    };

    private static AddressBlock ReadBlock(string? text) =>
        text is not null && AddressBlock.TryParse(text, out var block, out _) ? block : throw new FormatException("A rule names no address.");
}

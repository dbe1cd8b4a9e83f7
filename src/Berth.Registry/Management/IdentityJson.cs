using System.Text.Json;
using Berth.Metadata;

namespace Berth.Registry.Management;

/// <summary>Writes a registry's identities as Azure does.</summary>
internal static class IdentityJson
{
    /// <summary>Writes them as the property of the resource that is open.</summary>
    public static void Write(Utf8JsonWriter json, RegistryIdentities identities, InstallationRecord home)
    {
        var (own, attached) = (identities.Own, identities.Attached);
        if (own is null && attached.Count == 0)
        {
            json.WriteNull("identity"u8);
            return;
        }

        json.WriteStartObject("identity"u8);
        json.WriteString("type"u8, own is null ? "UserAssigned" : attached.Count == 0 ? "SystemAssigned" : "SystemAssigned, UserAssigned");
        if (own is not null)
        {
            json.WriteString("principalId"u8, own.ObjectId);
            json.WriteString("tenantId"u8, home.TenantId);
        }

        if (attached.Count > 0)
        {
            json.WriteStartObject("userAssignedIdentities"u8);
            foreach (var identity in attached)
            {
                json.WriteStartObject(ScopeText.Identity(identity));
                json.WriteString("principalId"u8, identity.Principal.ObjectId);
                json.WriteString("clientId"u8, identity.Principal.ClientId);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}

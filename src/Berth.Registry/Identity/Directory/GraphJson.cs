using System.Globalization;
using System.Text.Json;
using Berth.Metadata;

namespace Berth.Registry.Identity.Directory;

/// <summary>Principals and their credentials as Microsoft Graph writes them; never a secret.</summary>
internal static class GraphJson
{
    /// <summary>A principal as the kind of object it is, with the name of its type.</summary>
    public static void Object(Utf8JsonWriter json, PrincipalRecord record)
    {
        json.WriteString("@odata.type"u8, $"#microsoft.graph.{TypeOf(record)}");
        switch (record.Kind)
        {
            case PrincipalKind.User:
                User(json, record);
                break;
            case PrincipalKind.Group:
                Group(json, record);
                break;
            default:
                ServicePrincipal(json, record);
                break;
        }
    }

    /// <summary>The name of a principal's type.</summary>
    public static string TypeOf(PrincipalRecord record) => record.Kind switch
    {
        PrincipalKind.User => "user",
        PrincipalKind.Group => "group",
        _ => "servicePrincipal",
    };

    /// <summary>A person.</summary>
    public static void User(Utf8JsonWriter json, PrincipalRecord record)
    {
        json.WriteString("id"u8, record.ObjectId);
        json.WriteString("displayName"u8, DisplayNameOf(record));
        json.WriteString("userPrincipalName"u8, record.Name);
        json.WriteString("mailNickname"u8, record.Name.Split('@')[0]);
        json.WriteNull("mail"u8);
        json.WriteBoolean("accountEnabled"u8, record.Enabled);
        json.WriteString("userType"u8, "Member"u8);
        Time(json, "createdDateTime", record.CreatedAt);
    }

    /// <summary>A group.</summary>
    public static void Group(Utf8JsonWriter json, PrincipalRecord record)
    {
        json.WriteString("id"u8, record.ObjectId);
        json.WriteString("displayName"u8, DisplayNameOf(record));
        json.WriteString("mailNickname"u8, DisplayNameOf(record));
        json.WriteNull("description"u8);
        json.WriteStartArray("groupTypes"u8);
        json.WriteEndArray();
        json.WriteBoolean("mailEnabled"u8, false);
        json.WriteBoolean("securityEnabled"u8, true);
        Time(json, "createdDateTime", record.CreatedAt);
    }

    /// <summary>A group of which no more is known than that a principal is in it.</summary>
    public static void GroupOf(Utf8JsonWriter json, GroupOfPrincipal group)
    {
        json.WriteString("@odata.type"u8, "#microsoft.graph.group"u8);
        json.WriteString("id"u8, group.ObjectId);
        json.WriteString("displayName"u8, group.Name);
        json.WriteBoolean("securityEnabled"u8, true);
    }

    /// <summary>An application's account, or a managed identity.</summary>
    public static void ServicePrincipal(Utf8JsonWriter json, PrincipalRecord record)
    {
        json.WriteString("id"u8, record.ObjectId);
        json.WriteString("appId"u8, record.ClientId);
        json.WriteString("displayName"u8, DisplayNameOf(record));
        json.WriteString("appDisplayName"u8, DisplayNameOf(record));
        json.WriteBoolean("accountEnabled"u8, record.Enabled);
        json.WriteString("servicePrincipalType"u8, record.Kind == PrincipalKind.ManagedIdentity ? "ManagedIdentity"u8 : "Application"u8);
        json.WriteStartArray("servicePrincipalNames"u8);
        json.WriteStringValue(record.ClientId);
        json.WriteEndArray();
        Time(json, "createdDateTime", record.CreatedAt);
    }

    /// <summary>An application.</summary>
    public static void Application(Utf8JsonWriter json, PrincipalRecord record)
    {
        json.WriteString("id"u8, record.ObjectId);
        json.WriteString("appId"u8, record.ClientId);
        json.WriteString("displayName"u8, DisplayNameOf(record));
        json.WriteString("signInAudience"u8, "AzureADMyOrg"u8);
        json.WriteStartArray("identifierUris"u8);
        json.WriteEndArray();
        Time(json, "createdDateTime", record.CreatedAt);
    }

    /// <summary>The credentials of an application, in the two lists that Graph has for them.</summary>
    public static void Credentials(Utf8JsonWriter json, IReadOnlyList<CredentialRecord> credentials)
    {
        json.WriteStartArray("passwordCredentials"u8);
        foreach (var secret in credentials.Where(c => c.Kind == CredentialKind.Secret))
        {
            json.WriteStartObject();
            Secret(json, secret, null);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("keyCredentials"u8);
        foreach (var certificate in credentials.Where(c => c.Kind == CredentialKind.Certificate))
        {
            json.WriteStartObject();
            json.WriteString("keyId"u8, certificate.KeyId);
            json.WriteString("displayName"u8, certificate.DisplayName);
            json.WriteString("type"u8, "AsymmetricX509Cert"u8);
            json.WriteString("usage"u8, "Verify"u8);
            json.WriteNull("key"u8);
            if (certificate.Thumbprint is { } print) json.WriteString("customKeyIdentifier"u8, print);
            Time(json, "startDateTime", certificate.CreatedAt);
            Time(json, "endDateTime", certificate.ExpiresAt);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>A secret's properties; its text only in the answer that shows it for the first and last time.</summary>
    public static void Secret(Utf8JsonWriter json, CredentialRecord secret, string? text)
    {
        json.WriteString("keyId"u8, secret.KeyId);
        json.WriteString("displayName"u8, secret.DisplayName);
        json.WriteString("hint"u8, secret.Hint);
        json.WriteString("secretText"u8, text);
        json.WriteNull("customKeyIdentifier"u8);
        Time(json, "startDateTime", secret.CreatedAt);
        Time(json, "endDateTime", secret.ExpiresAt);
    }

    /// <summary>A federated credential.</summary>
    public static void Federated(Utf8JsonWriter json, FederatedCredentialRecord credential)
    {
        json.WriteString("id"u8, credential.Name);
        json.WriteString("name"u8, credential.Name);
        json.WriteString("issuer"u8, credential.Issuer);
        json.WriteString("subject"u8, credential.Subject);
        json.WriteString("description"u8, credential.Description);
        json.WriteStartArray("audiences"u8);
        foreach (var audience in credential.Audiences) json.WriteStringValue(audience);
        json.WriteEndArray();
    }

    /// <summary>The name that is shown to people.</summary>
    public static string DisplayNameOf(PrincipalRecord record) => record.DisplayName.Length > 0 ? record.DisplayName : record.Name;

    private static void Time(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } moment) json.WriteString(name, moment.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
        else json.WriteNull(name);
    }
}

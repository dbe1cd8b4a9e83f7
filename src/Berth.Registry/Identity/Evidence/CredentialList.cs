using System.Text.Json;
using Berth.Metadata;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Evidence;

/// <summary>
/// Answers what proves who somebody is, and when each of it was used last: <c>…/access/credentials?principal=</c>, of one principal, or of everybody with a
/// right in the registry, in pages. What is a secret, and its hash, is in no answer.
/// </summary>
internal sealed class CredentialList(ICredentials credentials, RegistryPrincipals everybody, NamedPrincipals people, UsageLog usage, PublicNames names)
{
    private const int PrincipalsAtOnce = 200;

    /// <summary>Answers the question.</summary>
    public async Task AnswerAsync(HttpContext context, RegistryRecord registry, bool knowsEverybody)
    {
        var only = context.Request.Query["principal"].Count > 0
            ? await people.FindAsync(context, registry, knowsEverybody) ?? throw NamedPrincipals.Unknown(context)
            : null;
        await usage.FlushIfPossibleAsync(context.RequestAborted);
        var (principals, next) = only is null ? await ListAsync(context, registry) : ([only], null);
        var found = new List<CredentialEntry>();
        foreach (var principal in principals) await AddAsync(found, principal, context.RequestAborted);
        await EvidenceAnswer.WriteAsync(context, json =>
        {
            json.WriteStartArray("value"u8);
            foreach (var entry in found) Write(json, entry);
            json.WriteEndArray();
            EvidenceAnswer.WriteNext(json, context, names, next);
        });
    }

    private async ValueTask<(IReadOnlyList<PrincipalRecord> Items, string? Next)> ListAsync(HttpContext context, RegistryRecord registry)
    {
        try
        {
            return await everybody.ListAsync(registry, EvidenceAnswer.AfterOf(context), PrincipalsAtOnce, context.RequestAborted);
        }
        catch (FormatException)
        {
            throw EvidenceAnswer.BadToken();
        }
    }

    private async Task AddAsync(List<CredentialEntry> found, PrincipalRecord principal, CancellationToken cancellationToken)
    {
        if (principal.Kind == PrincipalKind.Group) return;
        if (principal.PasswordHash is not null)
        {
            var password = await credentials.FindPasswordAsync(principal.Id, cancellationToken);
            found.Add(new CredentialEntry(principal, "password", "", null, password?.SetAt, null, password?.LastUsedAt, password?.LastUsedAddress));
        }

        foreach (var one in await credentials.ListCredentialsAsync(principal.Id, cancellationToken))
            found.Add(new CredentialEntry(principal, KindOf(principal, one), one.KeyId, one.Slot ?? one.DisplayName, one.CreatedAt, one.ExpiresAt, one.LastUsedAt, one.LastUsedAddress));
        foreach (var one in await credentials.ListFederatedCredentialsAsync(principal.Id, cancellationToken))
            found.Add(new CredentialEntry(principal, "federated", one.Name, one.Name, one.CreatedAt, null, one.LastUsedAt, one.LastUsedAddress));
    }

    private static string KindOf(PrincipalRecord principal, CredentialRecord credential) => (principal.Kind, credential.Kind) switch
    {
        (PrincipalKind.RegistryToken, _) => "token password",
        (PrincipalKind.AdminUser, _) => "admin password",
        (_, CredentialKind.Certificate) => "certificate",
        _ => "secret",
    };

    private static void Write(Utf8JsonWriter json, CredentialEntry entry)
    {
        json.WriteStartObject();
        json.WriteString("kind"u8, entry.Kind);
        json.WriteString("principal"u8, entry.Owner.ClientId ?? entry.Owner.Name);
        json.WriteString("displayName"u8, entry.Owner.DisplayName);
        json.WriteString("principalKind"u8, entry.Owner.Kind.ToString());
        json.WriteString("objectId"u8, entry.Owner.ObjectId);
        json.WriteBoolean("enabled"u8, entry.Owner.Enabled);
        json.WriteString("keyId"u8, entry.KeyId);
        json.WriteString("name"u8, entry.Name);
        Write(json, "createdAt", entry.CreatedAt);
        Write(json, "expiresAt", entry.ExpiresAt);
        Write(json, "lastUsedAt", entry.LastUsedAt);
        json.WriteString("lastUsedFrom"u8, entry.LastUsedFrom);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } known) json.WriteString(name, known);
        else json.WriteNull(name);
    }

    private sealed record CredentialEntry(
        PrincipalRecord Owner, string Kind, string KeyId, string? Name, DateTimeOffset? CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, string? LastUsedFrom);
}

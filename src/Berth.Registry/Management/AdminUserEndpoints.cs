using System.Security.Cryptography;
using System.Text;
using Berth.Metadata;
using Berth.Registry.Identity;

namespace Berth.Registry.Management;

/// <summary>A registry's admin user: one account with two passwords, which can be shown again (docs/decisions/0017-admin-passwords.md).</summary>
internal sealed class AdminUserEndpoints(
    RegistryFinder finder, IInstallation installation, IPrincipals principals, ICredentials credentials, SecretProtection protection, TimeProvider time)
{
    private const int PasswordLength = 52;
    private const string PasswordCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private static readonly string[] Slots = ["password", "password2"];

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.OfRegistry<AdminUserEndpoints>("admin-user.list", "POST", "/listCredentials", "listCredentials/action", (e, r) => e.ListAsync(r)),
        ManagementRoute.OfRegistry<AdminUserEndpoints>("admin-user.regenerate", "POST", "/regenerateCredential", "regenerateCredential/action", (e, r) => e.RegenerateAsync(r)),
    ];

    /// <summary>A new random password: 260 bits.</summary>
    public static string NewPassword() => RandomNumberGenerator.GetString(PasswordCharacters, PasswordLength);

    private async Task ListAsync(ManagementRequest request)
    {
        (await request.ReadBodyAsync()).Only();
        var registry = await FindRegistryAsync(request);
        await WriteAsync(request, registry, await FindAccountAsync(request, registry), replaced: null);
    }

    private async Task RegenerateAsync(ManagementRequest request)
    {
        var slot = (await request.ReadBodyAsync()).Only("name").RequiredText("name");
        if (!Slots.Contains(slot)) throw ManagementException.BadContent("'name' is 'password' or 'password2'.");
        var registry = await FindRegistryAsync(request);
        var account = await FindAccountAsync(request, registry);
        var credential = await NewCredentialAsync(request, account, slot);
        await credentials.PutCredentialAsync(account.Id, credential, request.Caller, request.Aborted);
        await WriteAsync(request, registry, account, slot);
    }

    private async Task<RegistryRecord> FindRegistryAsync(ManagementRequest request)
    {
        var registry = await finder.FindAsync(request);
        if (registry.AdminUserEnabled) return registry;
        throw ManagementException.Bad(
            "UnAuthorizedForCredentialOperations",
            $"Cannot perform credential operations for {ScopeText.Registry(registry)} as admin user is disabled. Kindly enable admin user as per docs: az acr update -n {registry.Name} --admin-enabled true");
    }

    private async Task<PrincipalRecord> FindAccountAsync(ManagementRequest request, RegistryRecord registry)
    {
        var name = AdminUser.RowNameOf(registry);
        if (await installation.FindPrincipalAsync(name, request.Aborted) is { } standing) return standing;
        var wanted = new NewPrincipal(PrincipalKind.AdminUser, AdminUser.Name, registry.Name, RegistryId: registry.Id);
        var made = await principals.CreatePrincipalAsync(wanted, request.Caller, request.Aborted);

        // Another first call may have made it at this moment.
        return made.Record ?? await installation.FindPrincipalAsync(name, request.Aborted) ?? throw ManagementException.NotFound(ScopeText.Registry(registry));
    }

    private async Task<CredentialRecord> NewCredentialAsync(ManagementRequest request, PrincipalRecord account, string slot)
    {
        var (keyId, password) = (Guid.CreateVersion7(time.GetUtcNow()).ToString(), NewPassword());
        return new CredentialRecord(keyId, CredentialKind.Secret, time.GetUtcNow())
        {
            Slot = slot,
            SecretHash = SHA256.HashData(Encoding.UTF8.GetBytes(password)),
            ProtectedSecret = await protection.ProtectAsync(password, PurposeOf(account, keyId), request.Aborted),
        };
    }

    // Of several first calls, one makes a password, and all show that.
    private async Task<IReadOnlyList<CredentialRecord>> FillAsync(ManagementRequest request, PrincipalRecord account)
    {
        var known = await credentials.ListCredentialsAsync(account.Id, request.Aborted);
        var missing = Slots.Where(slot => known.All(credential => credential.Slot != slot)).ToArray();
        if (missing.Length == 0) return known;
        foreach (var slot in missing)
            await credentials.AddCredentialAsync(account.Id, await NewCredentialAsync(request, account, slot), request.Caller, request.Aborted);
        return await credentials.ListCredentialsAsync(account.Id, request.Aborted);
    }

    private async Task WriteAsync(ManagementRequest request, RegistryRecord registry, PrincipalRecord account, string? replaced)
    {
        var known = await FillAsync(request, account);
        var passwords = new List<(string Name, string Value)>();
        foreach (var slot in Slots)
        {
            var credential = known.FirstOrDefault(c => c.Slot == slot);
            var value = credential?.ProtectedSecret is { } text ? await protection.UnprotectAsync(text, PurposeOf(account, credential.KeyId), request.Aborted) : null;

            // A password that was just made is worth showing, even where the other cannot be.
            if (value is null && replaced is not null) continue;
            passwords.Add((slot, value ?? throw new ManagementException(
                409, "CredentialNotReadable", $"The admin user's '{slot}' is good, but can be shown no more: the key it was protected with is gone. Renew it (az acr credential renew -n {registry.Name} --password-name {slot}).")));
        }

        await request.WriteAsync(200, json =>
        {
            json.WriteStartObject();
            json.WriteString("username"u8, registry.Name);
            json.WriteStartArray("passwords"u8);
            foreach (var (name, value) in passwords)
            {
                json.WriteStartObject();
                json.WriteString("name"u8, name);
                json.WriteString("value"u8, value);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static string PurposeOf(PrincipalRecord account, string keyId) => $"admin password {account.ObjectId} {keyId}";
}

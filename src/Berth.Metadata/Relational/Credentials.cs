namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string CredentialColumns = """
        c.key_id, c.kind, c.created_at, c.slot, c.display_name, c.hint, c.secret_hash, c.protected_secret, c.thumbprint, c.certificate, c.expires_at,
        c.last_used_at, c.last_used_address
        """;

    private static readonly Sql ListCredentials = new($"SELECT {CredentialColumns} FROM credentials c WHERE c.principal_id = ?1 ORDER BY c.key_id");

    private static readonly Sql CountCredentials = new("SELECT count(*) FROM credentials WHERE principal_id = ?1");

    private static readonly Sql FindCredential = new("SELECT 1 FROM credentials WHERE principal_id = ?1 AND key_id = ?2");

    private static readonly Sql FindSlot = new("SELECT 1 FROM credentials WHERE principal_id = ?1 AND slot = ?2");

    private static readonly Sql EmptySlot = new("DELETE FROM credentials WHERE principal_id = ?1 AND slot = ?2");

    private static readonly Sql InsertCredential = new("""
        INSERT INTO credentials (
            principal_id, key_id, kind, slot, display_name, hint, secret_hash, protected_secret, thumbprint, certificate, created_at, expires_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
        """);

    private static readonly Sql DeleteCredential = new("DELETE FROM credentials WHERE principal_id = ?1 AND key_id = ?2");

    private static readonly Sql RecordCredentialUse = new("""
        UPDATE credentials SET last_used_at = ?3, last_used_address = ?4 WHERE principal_id = ?1 AND key_id = ?2 AND COALESCE(last_used_at, 0) < ?3
        """);

    private static readonly Sql RecordFederatedUse = new("""
        UPDATE federated_credentials SET last_used_at = ?3, last_used_address = ?4
        WHERE principal_id = ?1 AND name = ?2 AND COALESCE(last_used_at, 0) < ?3
        """);

    // A use of the password before this one says nothing about this one.
    private static readonly Sql RecordPasswordUse = new("""
        UPDATE passwords SET last_used_at = ?2, last_used_address = ?3
        WHERE principal_id = ?1 AND COALESCE(set_at, 0) <= ?2 AND COALESCE(last_used_at, 0) < ?2
        """);

    private static readonly Sql SetPassword = new("""
        INSERT INTO passwords (principal_id, set_at) VALUES (?1, ?2)
        ON CONFLICT (principal_id) DO UPDATE SET set_at = excluded.set_at, last_used_at = NULL, last_used_address = NULL
        """);

    private static readonly Sql FindPassword = new("SELECT set_at, last_used_at, last_used_address FROM passwords WHERE principal_id = ?1");

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<CredentialRecord>> ListCredentialsAsync(long principalId, CancellationToken cancellationToken) =>
        ReadAsync<long, IReadOnlyList<CredentialRecord>>(
            principalId,
            static (reader, principalId) =>
            {
                var credentials = new List<CredentialRecord>();
                using var rows = reader.Use(ListCredentials).Bind(principalId);
                while (rows.Step()) credentials.Add(ReadCredential(rows, 0));
                return credentials;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<CreateOutcome> PutCredentialAsync(long principalId, CredentialRecord credential, Caller caller, CancellationToken cancellationToken) =>
        StoreCredentialAsync(principalId, credential, mayReplace: true, caller, cancellationToken);

    /// <inheritdoc/>
    public Task<CreateOutcome> AddCredentialAsync(long principalId, CredentialRecord credential, Caller caller, CancellationToken cancellationToken) =>
        StoreCredentialAsync(principalId, credential, mayReplace: false, caller, cancellationToken);

    private Task<CreateOutcome> StoreCredentialAsync(
        long principalId, CredentialRecord credential, bool mayReplace, Caller caller, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            if (ReadPrincipal(scope.Session, principalId) is not { } principal) return CreateOutcome.Unknown;
            if (Has(scope, FindCredential, principalId, credential.KeyId)) return CreateOutcome.Exists;
            if (!mayReplace && credential.Slot is not null && Has(scope, FindSlot, principalId, credential.Slot)) return CreateOutcome.Exists;

            var replaces = credential.Slot is not null && scope.Use(EmptySlot).Bind(principalId).Bind(credential.Slot).Execute() > 0;
            if (replaces) RaisePrincipal(scope, principalId);
            else if (Count(scope, CountCredentials, principalId) >= ICredentials.MostCredentials) return CreateOutcome.TooMany;

            scope.Use(InsertCredential).Bind(principalId).Bind(credential.KeyId).Bind((long)credential.Kind).Bind(credential.Slot).Bind(credential.DisplayName)
                .Bind(credential.Hint).Bind(credential.SecretHash).Bind(credential.ProtectedSecret).Bind(credential.Thumbprint).Bind(credential.Certificate)
                .Bind(credential.CreatedAt).Bind(credential.ExpiresAt).Tell();
            AppendCredential(scope, LedgerKinds.CredentialSet, principal, credential.KeyId, credential, caller);
            return replaces ? CreateOutcome.Updated : CreateOutcome.Created;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RemoveCredentialAsync(long principalId, string keyId, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope => RemoveCredential(scope, principalId, keyId, caller), cancellationToken);

    /// <inheritdoc/>
    public Task RecordCredentialUsesAsync(IReadOnlyCollection<CredentialUse> uses, CancellationToken cancellationToken) => WriteAsync(
        scope =>
        {
            foreach (var use in uses)
            {
                var statement = scope.Use(UpdateOf(use.Sort)).Bind(use.PrincipalId);
                if (use.Sort != CredentialSort.Password) statement.Bind(use.KeyId);
                statement.Bind(use.UsedAt).Bind(use.Address).Execute();
            }

            return true;
        },
        Urgency.Push,
        weight: 256L * uses.Count,
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<PasswordRecord?> FindPasswordAsync(long principalId, CancellationToken cancellationToken) => ReadAsync(
        principalId,
        static (reader, principalId) =>
        {
            using var row = reader.Use(FindPassword).Bind(principalId);
            return row.Step() ? new PasswordRecord(row.TimeOrNull(0), row.TimeOrNull(1), row.TextOrNull(2)) : null;
        },
        cancellationToken);

    private static Sql UpdateOf(CredentialSort sort) => sort switch
    {
        CredentialSort.Password => RecordPasswordUse,
        CredentialSort.Federated => RecordFederatedUse,
        _ => RecordCredentialUse,
    };

    private static bool RemoveCredential(WriteScope scope, long principalId, string keyId, Caller caller)
    {
        if (scope.Use(DeleteCredential).Bind(principalId).Bind(keyId).Execute() == 0) return false;

        RaisePrincipal(scope, principalId);
        AppendCredential(scope, LedgerKinds.CredentialRemoved, ReadPrincipal(scope.Session, principalId)!, keyId, null, caller);
        return true;
    }

    private static bool Has(WriteScope scope, Sql find, long principalId, string key)
    {
        using var row = scope.Use(find).Bind(principalId).Bind(key);
        return row.Step();
    }

    private static long Count(WriteScope scope, Sql count, long id)
    {
        using var row = scope.Use(count).Bind(id);
        return row.OnlyInt64();
    }

    private static void AppendCredential(
        WriteScope scope, string kind, PrincipalRecord principal, string keyId, CredentialRecord? credential, Caller caller)
    {
        var payload = JsonText.Facts(
            ("principal", principal.Name), ("objectId", principal.ObjectId), ("keyId", keyId), ("slot", credential?.Slot),
            ("displayName", credential?.DisplayName), ("thumbprint", credential?.Thumbprint), ("expires", credential?.ExpiresAt?.ToString("O")));
        scope.Append(new LedgerEntry(kind, principal.RegistryId ?? 0, Payload: payload), caller);
    }

    private static CredentialRecord ReadCredential(Statement row, int at) => new(row.Text(at), (CredentialKind)row.Int64(at + 1), row.Time(at + 2))
    {
        Slot = row.TextOrNull(at + 3),
        DisplayName = row.TextOrNull(at + 4),
        Hint = row.TextOrNull(at + 5),
        SecretHash = row.BytesOrNull(at + 6),
        ProtectedSecret = row.BytesOrNull(at + 7),
        Thumbprint = row.TextOrNull(at + 8),
        Certificate = row.BytesOrNull(at + 9),
        ExpiresAt = row.TimeOrNull(at + 10),
        LastUsedAt = row.TimeOrNull(at + 11),
        LastUsedAddress = row.TextOrNull(at + 12),
    };
}

namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql ListFederatedCredentials = new("""
        SELECT name, issuer, subject, audiences, description, created_at, last_used_at, last_used_address
        FROM federated_credentials WHERE principal_id = ?1 ORDER BY name
        """);

    private static readonly Sql UpsertFederatedCredential = new("""
        INSERT INTO federated_credentials (principal_id, name, issuer, subject, audiences, description, created_at, updated_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
        ON CONFLICT (principal_id, name) DO UPDATE SET issuer = excluded.issuer, subject = excluded.subject, audiences = excluded.audiences,
            description = excluded.description, updated_at = excluded.updated_at,
            last_used_at = CASE WHEN federated_credentials.issuer = excluded.issuer AND federated_credentials.subject = excluded.subject THEN federated_credentials.last_used_at END,
            last_used_address = CASE WHEN federated_credentials.issuer = excluded.issuer AND federated_credentials.subject = excluded.subject THEN federated_credentials.last_used_address END
        """);

    private static readonly Sql DeleteFederatedCredential = new("DELETE FROM federated_credentials WHERE principal_id = ?1 AND name = ?2");

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<FederatedCredentialRecord>> ListFederatedCredentialsAsync(long principalId, CancellationToken cancellationToken) =>
        ReadAsync<long, IReadOnlyList<FederatedCredentialRecord>>(
            principalId, static (reader, principalId) => ReadFederatedCredentials(reader, principalId), cancellationToken);

    /// <inheritdoc/>
    public Task<CreateOutcome> PutFederatedCredentialAsync(
        long principalId, FederatedCredentialRecord credential, Caller caller, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            if (ReadPrincipal(scope.Session, principalId) is not { } principal) return CreateOutcome.Unknown;

            var all = ReadFederatedCredentials(scope.Session, principalId);
            var standing = all.Find(one => one.Name == credential.Name);
            if (standing is not null && MeansTheSame(standing, credential)) return CreateOutcome.Updated;
            if (all.Exists(other => other.Name != credential.Name && Overlaps(other, credential))) return CreateOutcome.Exists;
            if (standing is null && all.Count >= ICredentials.MostFederatedCredentials) return CreateOutcome.TooMany;

            scope.Use(UpsertFederatedCredential).Bind(principalId).Bind(credential.Name).Bind(credential.Issuer).Bind(credential.Subject)
                .Bind(JsonText.Array(credential.Audiences)).Bind(credential.Description).Bind(scope.Now).Tell();
            if (standing is not null) RaisePrincipal(scope, principalId);
            var payload = JsonText.Facts(
                ("principal", principal.Name), ("objectId", principal.ObjectId), ("name", credential.Name), ("issuer", credential.Issuer),
                ("subject", credential.Subject), ("audiences", string.Join(' ', credential.Audiences)));
            scope.Append(new LedgerEntry(LedgerKinds.FederationSet, Payload: payload), caller);
            return standing is null ? CreateOutcome.Created : CreateOutcome.Updated;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RemoveFederatedCredentialAsync(long principalId, string name, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (scope.Use(DeleteFederatedCredential).Bind(principalId).Bind(name).Execute() == 0) return false;

            RaisePrincipal(scope, principalId);
            var principal = ReadPrincipal(scope.Session, principalId)!;
            var payload = JsonText.Facts(("principal", principal.Name), ("objectId", principal.ObjectId), ("name", name));
            scope.Append(new LedgerEntry(LedgerKinds.FederationRemoved, Payload: payload), caller);
            return true;
        },
        cancellationToken);

    private static bool MeansTheSame(FederatedCredentialRecord one, FederatedCredentialRecord other) =>
        one.Issuer == other.Issuer && one.Subject == other.Subject && one.Description == other.Description && one.Audiences.SequenceEqual(other.Audiences);

    private static bool Overlaps(FederatedCredentialRecord one, FederatedCredentialRecord other) =>
        one.Issuer == other.Issuer && one.Subject == other.Subject && one.Audiences.Intersect(other.Audiences).Any();

    private static List<FederatedCredentialRecord> ReadFederatedCredentials(Session session, long principalId)
    {
        var credentials = new List<FederatedCredentialRecord>();
        using var rows = session.Use(ListFederatedCredentials).Bind(principalId);
        while (rows.Step())
        {
            credentials.Add(new FederatedCredentialRecord(rows.Text(0), rows.Text(1), rows.Text(2), JsonText.Words(rows.Text(3)), rows.TextOrNull(4))
            {
                CreatedAt = rows.Time(5),
                LastUsedAt = rows.TimeOrNull(6),
                LastUsedAddress = rows.TextOrNull(7),
            });
        }

        return credentials;
    }
}

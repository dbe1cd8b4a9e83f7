namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private static readonly Sql InsertPrincipal = Sql.Insert("""
        INSERT INTO principals (object_id, kind, name, display_name, client_id, registry_id, password_hash, enabled, epoch, created_at, updated_at, issuer, subject)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, ?9, ?9, ?10, ?11)
        """);

    private static readonly Sql UpdatePrincipal = new("""
        UPDATE principals SET display_name = ?2, enabled = ?3, password_hash = ?4, epoch = epoch + ?5, updated_at = ?6 WHERE id = ?1
        """);

    private static readonly Sql DeletePrincipal = new("DELETE FROM principals WHERE id = ?1");

    private static readonly Sql InsertMember = new("""
        INSERT INTO group_members (group_id, member_id, created_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING
        """);

    private static readonly Sql DeleteMember = new("DELETE FROM group_members WHERE group_id = ?1 AND member_id = ?2");

    // What goes with a principal; role assignments have records of their own.
    private static readonly Sql[] DeleteRowsOfPrincipal =
    [
        new("DELETE FROM group_members WHERE group_id = ?1"),
        new("DELETE FROM group_members WHERE member_id = ?1"),
        new("DELETE FROM credentials WHERE principal_id = ?1"),
        new("DELETE FROM passwords WHERE principal_id = ?1"),
        new("DELETE FROM federated_credentials WHERE principal_id = ?1"),
        new("DELETE FROM managed_identities WHERE principal_id = ?1"),
        new("DELETE FROM registry_identities WHERE principal_id = ?1"),
        new("DELETE FROM registry_tokens WHERE principal_id = ?1"),
    ];

    /// <inheritdoc/>
    public Task<CreateResult<PrincipalRecord>> CreatePrincipalAsync(NewPrincipal principal, Caller caller, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            if (principal.Kind == PrincipalKind.RegistryToken) throw new ArgumentException("A token is made with its scope map.", nameof(principal));

            var name = principal.Name;
            if (principal.RegistryId is { } registryId)
            {
                if (ReadRegistry(scope.Session, registryId) is not { } registry) return new CreateResult<PrincipalRecord>(CreateOutcome.Unknown, null);
                name = $"{registry.Name}/{name}";
            }

            if (FindStandingPrincipal(scope, name, principal.ObjectId, principal.ClientId) is { } standing)
                return new CreateResult<PrincipalRecord>(CreateOutcome.Exists, standing);

            var made = InsertPrincipalRow(scope, principal with { Name = name });
            scope.Append(new LedgerEntry(LedgerKinds.PrincipalChanged, principal.RegistryId ?? 0, Payload: Facts(made, "created")), caller);
            return new CreateResult<PrincipalRecord>(CreateOutcome.Created, made);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<PrincipalRecord?> UpdatePrincipalAsync(long id, PrincipalChanges changes, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (ReadPrincipal(scope.Session, id) is not { } standing) return null;

            var wanted = standing with
            {
                DisplayName = changes.DisplayName ?? standing.DisplayName,
                Enabled = changes.Enabled ?? standing.Enabled,
                PasswordHash = changes.PasswordHash ?? standing.PasswordHash,
            };
            if (wanted == standing) return standing;

            string?[] changed =
            [
                wanted.DisplayName != standing.DisplayName ? "displayName" : null,
                wanted.Enabled == standing.Enabled ? null : wanted.Enabled ? "enabled" : "disabled",
                wanted.PasswordHash != standing.PasswordHash ? "password" : null,
            ];
            var raises = changed[1] is not null || changed[2] is not null;
            scope.Use(UpdatePrincipal).Bind(id).Bind(wanted.DisplayName).Bind(wanted.Enabled).Bind(wanted.PasswordHash).Bind(raises).Bind(scope.Now).Tell();
            if (changed[2] is not null) scope.Use(SetPassword).Bind(id).Bind(scope.Now).Tell();
            if (standing.Kind == PrincipalKind.Group && raises) RaiseEveryRegistry(scope);
            var payload = Facts(standing, string.Join(',', changed.Where(change => change is not null)));
            scope.Append(new LedgerEntry(LedgerKinds.PrincipalChanged, standing.RegistryId ?? 0, Payload: payload), caller);
            return ReadPrincipal(scope.Session, id);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeletePrincipalAsync(long id, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (ReadPrincipal(scope.Session, id) is not { } standing) return false;
            if (standing.Kind == PrincipalKind.ManagedIdentity && ReadIdentityScope(scope, id) is { } resource) RefuseIfLocked(scope, resource);

            DeletePrincipalRows(scope, standing, caller);
            scope.Append(new LedgerEntry(LedgerKinds.PrincipalDeleted, standing.RegistryId ?? 0, Payload: Facts(standing, null)), caller);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<AddMemberOutcome> AddMemberAsync(long groupId, long memberId, Caller caller, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            if (ReadPrincipal(scope.Session, groupId) is not { Kind: PrincipalKind.Group } group) return AddMemberOutcome.Unknown;
            if (ReadPrincipal(scope.Session, memberId) is not { } member) return AddMemberOutcome.Unknown;
            if (scope.Use(InsertMember).Bind(groupId).Bind(memberId).Bind(scope.Now).Execute() == 0) return AddMemberOutcome.Present;

            RaiseEveryRegistry(scope);
            scope.Append(new LedgerEntry(LedgerKinds.MemberAdded, Payload: FactsOfMember(group, member)), caller);
            return AddMemberOutcome.Added;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RemoveMemberAsync(long groupId, long memberId, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (scope.Use(DeleteMember).Bind(groupId).Bind(memberId).Execute() == 0) return false;

            RaiseEveryRegistry(scope);
            var payload = FactsOfMember(ReadPrincipal(scope.Session, groupId)!, ReadPrincipal(scope.Session, memberId)!);
            scope.Append(new LedgerEntry(LedgerKinds.MemberRemoved, Payload: payload), caller);
            return true;
        },
        cancellationToken);

    /// <summary>Whoever has the name or one of the ids already.</summary>
    private static PrincipalRecord? FindStandingPrincipal(WriteScope scope, string name, string? objectId, string? clientId) =>
        ReadPrincipal(scope.Session, FindPrincipalByName, name)
        ?? (objectId is null ? null : ReadPrincipal(scope.Session, FindPrincipalByObjectId, objectId.ToLowerInvariant()))
        ?? (clientId is null ? null : ReadPrincipal(scope.Session, FindPrincipalByClientId, clientId.ToLowerInvariant()));

    private PrincipalRecord InsertPrincipalRow(WriteScope scope, NewPrincipal principal, string? issuer = null, string? subject = null)
    {
        var objectId = principal.ObjectId ?? Guid.CreateVersion7(_time.GetUtcNow()).ToString();
        var id = scope.Use(InsertPrincipal).Bind(objectId.ToLowerInvariant()).Bind(Stored(principal.Kind)).Bind(principal.Name).Bind(principal.DisplayName)
            .Bind(principal.ClientId?.ToLowerInvariant()).Bind(principal.RegistryId).Bind(principal.PasswordHash).Bind(principal.Enabled).Bind(scope.Now)
            .Bind(issuer).Bind(subject).Insert();
        if (principal.PasswordHash is not null) scope.Use(SetPassword).Bind(id).Bind(scope.Now).Tell();
        return ReadPrincipal(scope.Session, id)!;
    }

    private static void DeletePrincipalRows(WriteScope scope, PrincipalRecord principal, Caller caller)
    {
        DeleteAssignmentsOf(scope, principal.Id, caller);
        if (principal.Kind == PrincipalKind.ManagedIdentity && ReadIdentityScope(scope, principal.Id) is { } resource) DeleteAssignmentsAt(scope, resource, caller);
        foreach (var delete in DeleteRowsOfPrincipal) scope.Use(delete).Bind(principal.Id).Tell();
        scope.Use(DeletePrincipal).Bind(principal.Id).Tell();
        if (principal.Kind == PrincipalKind.Group) RaiseEveryRegistry(scope);
    }

    private static string Facts(PrincipalRecord principal, string? changed) => JsonText.Facts(
        ("principal", principal.Name), ("objectId", principal.ObjectId), ("kind", Stored(principal.Kind)), ("changed", changed),
        ("issuer", principal.Issuer), ("subject", principal.Subject));

    private static string FactsOfMember(PrincipalRecord group, PrincipalRecord member) => JsonText.Facts(
        ("group", group.Name), ("groupObjectId", group.ObjectId), ("member", member.Name), ("memberObjectId", member.ObjectId));
}

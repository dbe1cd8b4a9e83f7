namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string PrincipalColumns =
        "p.id, p.object_id, p.name, p.password_hash, p.epoch, p.enabled, p.kind, p.display_name, p.client_id, p.registry_id, p.created_at, p.updated_at, p.issuer, p.subject";

    private const int PrincipalColumnCount = 14;

    private static readonly Sql FindPrincipalByName = new($"SELECT {PrincipalColumns} FROM principals p WHERE p.name = ?1");

    private static readonly Sql FindPrincipalByObjectId = new($"SELECT {PrincipalColumns} FROM principals p WHERE p.object_id = ?1");

    private static readonly Sql FindPrincipalByClientId = new($"SELECT {PrincipalColumns} FROM principals p WHERE p.client_id = ?1");

    private static readonly Sql FindPrincipalById = new($"SELECT {PrincipalColumns} FROM principals p WHERE p.id = ?1");

    private static readonly Sql ListPrincipals = new($"""
        SELECT {PrincipalColumns} FROM principals p WHERE p.kind = ?1 AND p.name > ?2 ORDER BY p.name LIMIT ?3
        """);

    private static readonly Sql ListMembers = new($"""
        SELECT {PrincipalColumns} FROM group_members g CROSS JOIN principals p ON p.id = g.member_id
        WHERE g.group_id = ?1 AND g.member_id > ?2 ORDER BY g.member_id LIMIT ?3
        """);

    private static readonly Sql ListGroups = new("""
        SELECT g.group_id, p.object_id, p.name FROM group_members g CROSS JOIN principals p ON p.id = g.group_id
        WHERE g.member_id = ?1 AND p.enabled = 1 ORDER BY g.group_id
        """);

    /// <inheritdoc/>
    public ValueTask<PrincipalRecord?> FindPrincipalByIdAsync(long id, CancellationToken cancellationToken) =>
        ReadAsync(id, static (reader, id) => ReadPrincipal(reader, id), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<PrincipalRecord?> FindPrincipalByObjectIdAsync(string objectId, CancellationToken cancellationToken) =>
        ReadAsync(
            objectId, static (reader, id) => ReadPrincipal(reader, FindPrincipalByObjectId, id.ToLowerInvariant()), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<PrincipalRecord?> FindPrincipalByClientIdAsync(string clientId, CancellationToken cancellationToken) =>
        ReadAsync(
            clientId, static (reader, id) => ReadPrincipal(reader, FindPrincipalByClientId, id.ToLowerInvariant()), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<PrincipalRecord>> ListPrincipalsAsync(PrincipalKind kind, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (kind, after, limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(ListPrincipals).Bind(Stored(list.kind)).Bind(list.after ?? "").Bind(list.limit + 1L);
                return ReadPage(rows, list.limit, static row => ReadPrincipal(row, 0), static principal => principal.Name);
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<PrincipalRecord>> ListMembersAsync(long groupId, string? after, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            (groupId, After: PageKey.Row(after), limit),
            static (reader, list) =>
            {
                using var rows = reader.Use(ListMembers).Bind(list.groupId).Bind(list.After).Bind(list.limit + 1L);
                return ReadPage(
                    rows, list.limit, static row => ReadPrincipal(row, 0),
                    static member => member.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<GroupOfPrincipal>> ListGroupsAsync(long principalId, CancellationToken cancellationToken) =>
        ReadAsync<long, IReadOnlyList<GroupOfPrincipal>>(
            principalId,
            static (reader, principalId) =>
            {
                using var transaction = reader.BeginRead();
                var groups = new List<GroupOfPrincipal>();
                var seen = new HashSet<long> { principalId };
                List<long> nearest = [principalId];
                for (var step = 0; step < IPrincipals.DeepestGroup && nearest.Count > 0; step++)
                {
                    var farther = new List<long>();
                    foreach (var member in nearest)
                    {
                        using var rows = reader.Use(ListGroups).Bind(member);
                        while (rows.Step())
                        {
                            if (!seen.Add(rows.Int64(0))) continue;
                            groups.Add(new GroupOfPrincipal(rows.Int64(0), rows.Text(1), rows.Text(2), member));
                            farther.Add(rows.Int64(0));
                        }
                    }

                    nearest = farther;
                }

                return groups;
            },
            cancellationToken);

    /// <summary>A page of a statement that was asked for one row more than the page takes.</summary>
    private static Page<T> ReadPage<T>(Statement rows, int limit, Func<Statement, T> read, Func<T, string> key)
    {
        var items = new List<T>();
        while (rows.Step())
        {
            if (items.Count == limit) return new Page<T>(items, More: true, limit == 0 ? null : key(items[^1]));
            items.Add(read(rows));
        }

        return new Page<T>(items, More: false, null);
    }

    private static PrincipalRecord? ReadPrincipal(Session session, Sql find, string key)
    {
        using var row = session.Use(find).Bind(key);
        return row.Step() ? ReadPrincipal(row, 0) : null;
    }

    private static PrincipalRecord? ReadPrincipal(Session session, long id)
    {
        using var row = session.Use(FindPrincipalById).Bind(id);
        return row.Step() ? ReadPrincipal(row, 0) : null;
    }

    private static PrincipalRecord ReadPrincipal(Statement row, int at) =>
        new(row.Int64(at), row.Text(at + 1), row.Text(at + 2), row.TextOrNull(at + 3), row.Int64(at + 4), row.Bool(at + 5))
        {
            Kind = KindOf(row.Text(at + 6)),
            DisplayName = row.Text(at + 7),
            ClientId = row.TextOrNull(at + 8),
            RegistryId = row.Int64OrNull(at + 9),
            CreatedAt = row.Time(at + 10),
            UpdatedAt = row.Time(at + 11),
            Issuer = row.TextOrNull(at + 12),
            Subject = row.TextOrNull(at + 13),
        };

    private static string Stored(PrincipalKind kind) => kind switch
    {
        PrincipalKind.User => "user",
        PrincipalKind.Group => "group",
        PrincipalKind.ServicePrincipal => "servicePrincipal",
        PrincipalKind.ManagedIdentity => "managedIdentity",
        PrincipalKind.RegistryToken => "registryToken",
        PrincipalKind.AdminUser => "adminUser",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "It is no kind of principal."),
    };

    private static PrincipalKind KindOf(string stored) => stored switch
    {
        "user" => PrincipalKind.User,
        "group" => PrincipalKind.Group,
        "servicePrincipal" => PrincipalKind.ServicePrincipal,
        "managedIdentity" => PrincipalKind.ManagedIdentity,
        "registryToken" => PrincipalKind.RegistryToken,
        "adminUser" => PrincipalKind.AdminUser,
        _ => throw new MetadataUnavailableException($"A principal's row has the kind '{stored}', which this version does not know."),
    };
}

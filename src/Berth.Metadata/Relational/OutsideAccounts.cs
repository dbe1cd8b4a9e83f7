namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string OutsideGroupPrefix = "outside:";

    private static readonly Sql FindPrincipalBySubject = new($"""
        SELECT {PrincipalColumns} FROM principals p WHERE p.issuer = ?1 AND p.kind = ?2 AND p.subject = ?3
        """);

    private static readonly Sql UpdateDisplayName = new("UPDATE principals SET display_name = ?2, updated_at = ?3 WHERE id = ?1");

    private static readonly Sql ListOutsideGroups = new("SELECT group_id FROM group_members WHERE member_id = ?1 AND outside = 1 ORDER BY group_id");

    private static readonly Sql InsertOutsideMember = new("""
        INSERT INTO group_members (group_id, member_id, created_at, outside) VALUES (?1, ?2, ?3, 1) ON CONFLICT DO NOTHING
        """);

    /// <inheritdoc/>
    public ValueTask<PrincipalRecord?> FindOutsidePersonAsync(string issuer, string subject, CancellationToken cancellationToken) =>
        ReadAsync(
            (issuer, subject), static (reader, of) => ReadPrincipalOf(reader, of.issuer, PrincipalKind.User, of.subject), cancellationToken);

    /// <inheritdoc/>
    public Task<OutsideResult> PutOutsidePersonAsync(OutsidePerson person, long? expected, Caller caller, CancellationToken cancellationToken) => PushAsync(
        scope =>
        {
            var standing = ReadPrincipalOf(scope.Session, person.Issuer, PrincipalKind.User, person.Subject);
            if (expected is not null && standing?.Id != expected) return new OutsideResult(OutsideOutcome.Gone, null, []);
            if (standing is { Enabled: false }) return new OutsideResult(OutsideOutcome.Disabled, standing, []);
            if (standing is null && ReadPrincipal(scope.Session, FindPrincipalByName, person.Name) is { } other)
                return new OutsideResult(OutsideOutcome.NameTaken, other, []);

            var record = standing ?? MakeOutsidePrincipal(scope, person.Issuer, person.Subject, new(PrincipalKind.User, person.Name, person.DisplayName), caller);
            if (record.DisplayName != person.DisplayName)
            {
                scope.Use(UpdateDisplayName).Bind(record.Id).Bind(person.DisplayName).Bind(scope.Now).Tell();
                scope.Append(new LedgerEntry(LedgerKinds.PrincipalChanged, Payload: Facts(record, "displayName")), caller);
            }

            var absent = new List<string>();
            ReplaceOutsideGroups(scope, record, GroupsOf(scope, person, absent, caller), caller);
            var outcome = standing is null ? OutsideOutcome.Created : OutsideOutcome.Known;
            return new OutsideResult(outcome, ReadPrincipal(scope.Session, record.Id)!, absent);
        },
        cancellationToken);

    private Dictionary<long, PrincipalRecord> GroupsOf(WriteScope scope, OutsidePerson person, List<string> absent, Caller caller)
    {
        var groups = new Dictionary<long, PrincipalRecord>();
        foreach (var outer in person.Groups)
        {
            var group = ReadPrincipalOf(scope.Session, person.Issuer, PrincipalKind.Group, outer) ?? MakeOutsideGroup(scope, person.Issuer, outer, caller);
            groups[group.Id] = group;
        }

        foreach (var named in person.MappedGroups)
        {
            var found = ReadPrincipal(scope.Session, FindPrincipalByName, named) ?? ReadPrincipal(scope.Session, FindPrincipalByObjectId, named.ToLowerInvariant());
            if (found is { Kind: PrincipalKind.Group }) groups[found.Id] = found;
            else absent.Add(named);
        }

        return groups;
    }

    private static void ReplaceOutsideGroups(WriteScope scope, PrincipalRecord member, Dictionary<long, PrincipalRecord> wanted, Caller caller)
    {
        var standing = new List<long>();
        using (var rows = scope.Use(ListOutsideGroups).Bind(member.Id))
        {
            while (rows.Step()) standing.Add(rows.Int64(0));
        }

        var changed = false;
        foreach (var gone in standing.Where(id => !wanted.ContainsKey(id)))
        {
            changed |= scope.Use(DeleteMember).Bind(gone).Bind(member.Id).Execute() > 0;
            scope.Append(new LedgerEntry(LedgerKinds.MemberRemoved, Payload: FactsOfMember(ReadPrincipal(scope.Session, gone)!, member)), caller);
        }

        foreach (var group in wanted.Values)
        {
            if (scope.Use(InsertOutsideMember).Bind(group.Id).Bind(member.Id).Bind(scope.Now).Execute() == 0) continue;
            changed = true;
            scope.Append(new LedgerEntry(LedgerKinds.MemberAdded, Payload: FactsOfMember(group, member)), caller);
        }

        if (changed) RaiseEveryRegistry(scope);
    }

    // Its name is one that nobody can give to anything here; it is shown by the provider's.
    private PrincipalRecord MakeOutsideGroup(WriteScope scope, string issuer, string outer, Caller caller)
    {
        var objectId = Guid.CreateVersion7(_time.GetUtcNow()).ToString();
        var name = OutsideGroupPrefix + outer;
        if (ReadPrincipal(scope.Session, FindPrincipalByName, name) is not null) name = $"{name}:{objectId}";
        return MakeOutsidePrincipal(scope, issuer, outer, new NewPrincipal(PrincipalKind.Group, name, outer, objectId), caller);
    }

    private PrincipalRecord MakeOutsidePrincipal(WriteScope scope, string issuer, string subject, NewPrincipal principal, Caller caller)
    {
        var made = InsertPrincipalRow(scope, principal, issuer, subject);
        scope.Append(new LedgerEntry(LedgerKinds.PrincipalChanged, Payload: Facts(made, "created")), caller);
        return made;
    }

    private static PrincipalRecord? ReadPrincipalOf(Session session, string issuer, PrincipalKind kind, string subject)
    {
        using var row = session.Use(FindPrincipalBySubject).Bind(issuer).Bind(Stored(kind)).Bind(subject);
        return row.Step() ? ReadPrincipal(row, 0) : null;
    }
}

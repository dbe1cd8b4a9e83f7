namespace Berth.Metadata.Relational;

public sealed partial class RelationalMetadataStore
{
    private const string TagRuleColumns = "name, repositories, tags, is_regex, exceptions, deletable, created_at, created_by, updated_at, updated_by";

    private static readonly Sql FindTagRule = new($"SELECT {TagRuleColumns} FROM tag_rules WHERE registry_id = ?1 AND name = ?2");

    private static readonly Sql ListTagRules = new($"SELECT {TagRuleColumns} FROM tag_rules WHERE registry_id = ?1 ORDER BY name");

    private static readonly Sql CountOtherTagRules = new("SELECT count(*) FROM tag_rules WHERE registry_id = ?1 AND name <> ?2");

    private static readonly Sql UpsertTagRule = new("""
        INSERT INTO tag_rules (registry_id, name, repositories, tags, is_regex, exceptions, deletable, created_at, created_by, updated_at, updated_by)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?8, ?9)
        ON CONFLICT (registry_id, name) DO UPDATE SET repositories = excluded.repositories, tags = excluded.tags, is_regex = excluded.is_regex, exceptions = excluded.exceptions,
            deletable = excluded.deletable, updated_at = excluded.updated_at, updated_by = excluded.updated_by
        """);

    private static readonly Sql DeleteTagRule = new("DELETE FROM tag_rules WHERE registry_id = ?1 AND name = ?2");

    private static readonly Sql DeleteTagRulesOfRegistry = new("DELETE FROM tag_rules WHERE registry_id = ?1");

    /// <inheritdoc/>
    public ValueTask<TagRuleRecord?> FindTagRuleAsync(long registryId, string name, CancellationToken cancellationToken) =>
        ReadAsync((registryId, name), static (reader, of) => ReadTagRule(reader, of.registryId, of.name), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<TagRuleRecord>> ListTagRulesAsync(long registryId, CancellationToken cancellationToken) =>
        ReadAsync<long, IReadOnlyList<TagRuleRecord>>(
            registryId,
            static (reader, registryId) =>
            {
                var records = new List<TagRuleRecord>();
                using var rows = reader.Use(ListTagRules).Bind(registryId);
                while (rows.Step()) records.Add(ReadTagRuleRecord(rows));
                return records;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<CreateResult<TagRuleRecord>> PutTagRuleAsync(long registryId, TagRule rule, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (ReadRegistry(scope.Session, registryId) is null) return new CreateResult<TagRuleRecord>(CreateOutcome.Unknown, null);

            var standing = ReadTagRule(scope.Session, registryId, rule.Name);
            var facts = FactsOf(rule);
            if (standing is not null && FactsOf(standing.Rule) == facts) return new CreateResult<TagRuleRecord>(CreateOutcome.Updated, standing);
            if (CountOthers(scope, registryId, rule.Name) >= ITagRules.MostRules) return new CreateResult<TagRuleRecord>(CreateOutcome.TooMany, null);

            scope.Use(UpsertTagRule).Bind(registryId).Bind(rule.Name).Bind(rule.Repositories.Text).Bind(rule.Tags.Text).Bind(rule.Tags.IsRegex)
                .Bind(ExceptionsText(rule)).Bind(rule.IsDeletable).Bind(scope.Now).Bind(caller.Name).Tell();
            scope.Append(new LedgerEntry(LedgerKinds.TagRuleSet, registryId, Payload: facts), caller);
            return new CreateResult<TagRuleRecord>(
                standing is null ? CreateOutcome.Created : CreateOutcome.Updated, ReadTagRule(scope.Session, registryId, rule.Name));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteTagRuleAsync(long registryId, string name, Caller caller, CancellationToken cancellationToken) => RelieveAsync(
        scope =>
        {
            if (ReadTagRule(scope.Session, registryId, name) is not { } standing) return false;

            scope.Use(DeleteTagRule).Bind(registryId).Bind(name).Tell();
            scope.Append(new LedgerEntry(LedgerKinds.TagRuleDeleted, registryId, Payload: FactsOf(standing.Rule)), caller);
            return true;
        },
        cancellationToken);

    /// <summary>A registry's rules, as the connection sees them.</summary>
    internal static List<TagRule> ReadTagRules(Session session, long registryId)
    {
        var rules = new List<TagRule>();
        using var rows = session.Use(ListTagRules).Bind(registryId);
        while (rows.Step()) rules.Add(ReadTagRuleOf(rows));
        return rules;
    }

    private static long CountOthers(WriteScope scope, long registryId, string name)
    {
        using var row = scope.Use(CountOtherTagRules).Bind(registryId).Bind(name);
        return row.OnlyInt64();
    }

    private static TagRuleRecord? ReadTagRule(Session session, long registryId, string name)
    {
        using var row = session.Use(FindTagRule).Bind(registryId).Bind(name);
        return row.Step() ? ReadTagRuleRecord(row) : null;
    }

    private static TagRuleRecord ReadTagRuleRecord(Statement row) =>
        new(ReadTagRuleOf(row), new Authorship(row.Time(6), row.Text(7), row.Time(8), row.Text(9)));

    private static TagRule ReadTagRuleOf(Statement row) => new(
        row.Text(0), new RulePattern(row.Text(1)), new RulePattern(row.Text(2), row.Bool(3)), [.. JsonText.Words(row.Text(4)).Select(glob => new RulePattern(glob))], row.Bool(5));

    private static string ExceptionsText(TagRule rule) => JsonText.Array(rule.Exceptions.Select(exception => exception.Text));

    private static string FactsOf(TagRule rule) => JsonText.Facts(
        ("rule", rule.Name), ("repositories", rule.Repositories.Text), (rule.Tags.IsRegex ? "tagsRegex" : "tags", rule.Tags.Text),
        ("exceptions", string.Join(' ', rule.Exceptions)), ("deletable", rule.IsDeletable ? "true" : "false"));
}

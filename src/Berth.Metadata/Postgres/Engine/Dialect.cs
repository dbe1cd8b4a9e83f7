using System.Text.RegularExpressions;
using Berth.Metadata.Relational;

namespace Berth.Metadata.Postgres.Engine;

/// <summary>
/// What PostgreSQL says differently: parameters are $1 for ?1; a join whose order SQLite is told (CROSS JOIN x ON) is a join; an index cannot be named (INDEXED BY);
/// and an INSERT answers with its row's number by RETURNING.
/// </summary>
internal static partial class Dialect
{
    public static string Of(Sql sql)
    {
        var text = Parameter().Replace(sql.Postgres ?? sql.Text, "$$$1");
        text = IndexHint().Replace(text, "");
        text = OrderedJoin().Replace(text, "JOIN $1");
        return sql.InsertsNumbered ? $"{text} RETURNING id" : text;
    }

    /// <summary>Whether it reads or sets usage as it stands in the table: what was added since must be folded in before.</summary>
    public static bool ReadsUsage(Sql sql) => sql.Postgres is null && Usage().IsMatch(sql.Text);

    /// <summary>Whether a text of PostgreSQL's answers with rows, be they none.</summary>
    public static bool AnswersWithRows(string text) => Answering().IsMatch(text);

    [GeneratedRegex(@"^\s*(SELECT\b|WITH\b(?!.*\b(INSERT|UPDATE|DELETE)\b))|\bRETURNING\b", RegexOptions.Singleline)]
    private static partial Regex Answering();

    [GeneratedRegex(@"\b(FROM|JOIN|UPDATE|INTO) (owner_)?usage\b")]
    private static partial Regex Usage();

    [GeneratedRegex(@"\?(\d+)")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"\s+INDEXED\s+BY\s+\w+")]
    private static partial Regex IndexHint();

    [GeneratedRegex(@"\bCROSS\s+JOIN\s+(\w+(?:\s+(?:AS\s+)?(?!ON\b)\w+)?\s+ON\b)")]
    private static partial Regex OrderedJoin();
}

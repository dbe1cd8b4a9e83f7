using System.Text.Json;

namespace Berth.Metadata.Tests.Postgres;

/// <summary>
/// The rule: a table of which the conditions leave one row at most, because they equate all columns of a unique key with what is known before, is read by an index that begins with those columns,
/// and by all of them. Known before is a parameter, a constant, a column of another table that is one row at most for the same reason, and what a loop hands to the scan itself.
///
/// What the keys are and what the conditions come to, PostgreSQL says itself (in its catalogue and in the plan), so the rule needs neither a parser of statements nor a list of them or of tables, and
/// it holds for joins, whose order the planner may have turned round. An index with a predicate is good enough where it begins with the key: it leads to one row at most, too.
///
/// One thing is left out: an index of all rows of a table that has none costs what any other costs, and no text of a statement changes that. It is chosen anew as soon as rows are counted, since it
/// grows with them as the key's does; a partial index may look empty for good.
/// </summary>
internal sealed class KeyedRows
{
    // What is above their input says nothing of the rows that they read.
    private static readonly HashSet<string> Fences = ["Limit", "Aggregate", "WindowAgg", "Unique", "SetOp", "Append", "Merge Append", "Recursive Union", "Subquery Scan"];

    private readonly IReadOnlyList<TableIndex> _indexes;
    private readonly Dictionary<string, string> _tables = [];
    private readonly List<string> _strays = [];
    private int _keyed;

    private KeyedRows(IReadOnlyList<TableIndex> indexes) => _indexes = indexes;

    /// <summary>How many tables of a plan are named by a key, and what is said of those that are not read by it.</summary>
    public static (int Keyed, IReadOnlyList<string> Strays) Look(JsonElement plan, IReadOnlyList<TableIndex> indexes)
    {
        var rows = new KeyedRows(indexes);
        rows.Name(plan);
        rows.Look(plan, [], Aliases(plan), []);
        return (rows._keyed, rows._strays);
    }

    private void Name(JsonElement node)
    {
        if (Text(node, "Alias") is { } alias && Text(node, "Relation Name") is { } table) _tables[alias] = table;
        foreach (var child in Children(node)) Name(child);
    }

    /// <param name="node">A node of the plan.</param>
    /// <param name="conditions">What holds for its rows because of others.</param>
    /// <param name="open">The tables of the same query, whose rows are not known before it begins.</param>
    /// <param name="outer">Those of them whose row is known each time the node is run.</param>
    private void Look(JsonElement node, IReadOnlyList<Equality> conditions, HashSet<string> open, HashSet<string> outer)
    {
        if (Text(node, "Alias") is { } alias && _tables.TryGetValue(alias, out var table) && Text(node, "Node Type") != "ModifyTable")
            Check(node, alias, table, [.. conditions, .. Own(node).Select(each => each with { Others = [.. each.Others.Except(outer)] })], open);

        foreach (var child in Children(node).Where(child => !IsInput(child))) Look(child, [], Aliases(child), []);
        var inputs = Children(node).Where(IsInput).ToList();
        if (!IsJoin(node))
        {
            foreach (var child in inputs)
            {
                if (Fences.Contains(Text(node, "Node Type")!)) Look(child, [], Aliases(child), []);
                else Look(child, conditions, open, outer);
            }

            return;
        }

        Look(inputs[0], IsMutual(node) ? [.. conditions, .. Holding(inputs[1]), .. Own(node)] : conditions, open, outer);
        Look(inputs[1], [.. conditions, .. Holding(inputs[0]), .. Own(node)], open, [.. outer, .. Aliases(inputs[0])]);
    }

    private void Check(JsonElement node, string alias, string table, List<Equality> conditions, HashSet<string> open)
    {
        var left = open.ToHashSet();
        while (left.FirstOrDefault(each => IsOneRow(each, conditions, left)) is { } found) left.Remove(found);
        if (left.Contains(alias)) return;

        _keyed++;
        foreach (var scan in Scans(node))
        {
            var used = _indexes.FirstOrDefault(index => index.Name == Text(scan, "Index Name"));
            var by = Equality.Of(Text(scan, "Index Cond")).Where(each => each.Alias == alias).Select(each => each.Column).ToHashSet();
            if (used is { HoldsRows: false, Predicate: null } || (used is not null && Keys(table).Any(key => used.LeadsTo(key, by)))) continue;
            _strays.Add($"{table} {alias} by {used?.Name ?? "no index"} {Text(scan, "Index Cond")}, filter {Text(node, "Filter")}");
        }
    }

    private bool IsOneRow(string alias, List<Equality> conditions, HashSet<string> open)
    {
        if (!_tables.TryGetValue(alias, out var table)) return false;
        var known = conditions.Where(each => each.Alias == alias && !each.Others.Overlaps(open)).Select(each => each.Column).ToHashSet();
        return Keys(table).Any(key => key.Columns.All(known.Contains));
    }

    private IEnumerable<TableIndex> Keys(string table) => _indexes.Where(index => index.IsKey && index.Table == table);

    /// <summary>What holds for all rows that a node returns.</summary>
    private static IEnumerable<Equality> Holding(JsonElement node)
    {
        if (Fences.Contains(Text(node, "Node Type")!)) return [];
        var inputs = Children(node).Where(IsInput).ToList();
        return IsMutual(node) ? [.. Own(node), .. inputs.SelectMany(Holding)] : Holding(inputs[0]);
    }

    private static bool IsJoin(JsonElement node) => Text(node, "Join Type") is not null;

    // What is joined says something of both sides; it does not where the outer side's rows stay without a row of the inner.
    private static bool IsMutual(JsonElement node) => Text(node, "Join Type") is null or "Inner" or "Semi";

    private static IReadOnlyList<Equality> Own(JsonElement node) =>
        [.. ((string[])["Index Cond", "Recheck Cond", "Filter", "Join Filter", "Hash Cond", "Merge Cond"]).SelectMany(name => Equality.Of(Text(node, name)))];

    // A heap that is read by bitmaps has its indexes below it.
    private static IEnumerable<JsonElement> Scans(JsonElement node)
    {
        if (Text(node, "Node Type") is not "Bitmap Heap Scan" and not "BitmapAnd" and not "BitmapOr") return [node];
        return Children(node).Where(IsInput).SelectMany(Scans);
    }

    private static HashSet<string> Aliases(JsonElement node) =>
        [.. Text(node, "Alias") is { } alias ? [alias] : Array.Empty<string>(), .. Children(node).Where(IsInput).SelectMany(Aliases)];

    private static bool IsInput(JsonElement node) => Text(node, "Parent Relationship") is not "SubPlan" and not "InitPlan";

    private static List<JsonElement> Children(JsonElement node) => node.TryGetProperty("Plans", out var children) ? [.. children.EnumerateArray()] : [];

    private static string? Text(JsonElement node, string name) => node.TryGetProperty(name, out var value) ? value.GetString() : null;
}

namespace Berth.Metadata.Tests.Postgres;

/// <summary>An index of a table.</summary>
/// <param name="Table">The table.</param>
/// <param name="Name">Its own name.</param>
/// <param name="IsKey">Whether its columns tell every row of the table from all others.</param>
/// <param name="HoldsRows">Whether its table has any, as far as the planner knows.</param>
/// <param name="Predicate">What holds for the rows in it; null where it has all.</param>
/// <param name="Columns">In their order.</param>
internal sealed record TableIndex(string Table, string Name, bool IsKey, bool HoldsRows, string? Predicate, string[] Columns)
{
    /// <summary>Whether a look-up by some of its columns is one by a key: those that its rows have in common need not be looked up.</summary>
    public bool LeadsTo(TableIndex key, HashSet<string> by)
    {
        var wanted = key.Columns.Except(Equality.Of(Predicate).Select(each => each.Column)).ToHashSet();
        return wanted.IsSubsetOf(by) && wanted.SetEquals(Columns.Take(wanted.Count));
    }
}

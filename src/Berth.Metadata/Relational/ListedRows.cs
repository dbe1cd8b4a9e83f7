namespace Berth.Metadata.Relational;

/// <summary>Reads one page of a list whose rows are not all entries: what the page may cost is bounded, however many rows are left out.</summary>
internal static class ListedRows
{
    private const long LooksOfEntry = 10;

    /// <summary>How many rows a page of so many entries looks at; a statement is to answer with one more, which says that there are more.</summary>
    public static long Most(int limit) => Math.Max(LooksOfEntry * limit, 1);

    /// <summary>
    /// Reads rows until the page is full, or has looked at as many as it may. The page ends with the key of the last row that was looked at.
    /// </summary>
    /// <param name="rows">The statement.</param>
    /// <param name="onRow">Whether it stands on its first row already.</param>
    /// <param name="limit">The most entries.</param>
    /// <param name="after">The key that the page goes on after.</param>
    /// <param name="read">The key of the row, and the entry that it is, or null.</param>
    /// <param name="isFull">Whether the page is to end where it is, for another reason than its number of entries.</param>
    public static Page<T> ReadPage<T>(
        Statement rows, bool onRow, int limit, string? after, Func<Statement, (string Key, T? Entry)> read, Func<bool>? isFull = null)
        where T : class
    {
        var entries = new List<T>();
        var last = after;
        var most = Most(limit);
        for (var looked = 0L; onRow || rows.Step(); looked++)
        {
            onRow = false;
            if (entries.Count == limit || looked == most || isFull?.Invoke() == true) return new Page<T>(entries, More: true, last);

            var (key, entry) = read(rows);
            last = key;
            if (entry is not null) entries.Add(entry);
        }

        return new Page<T>(entries, More: false, null);
    }

    /// <summary>Whether lists leave out what has these locks.</summary>
    public static bool AreHidden(long locks) => ((Locks)locks).HasFlag(Locks.List);
}

namespace Berth.Metadata.Relational;

/// <summary>
/// One SQL text of the product, known by a small number so that each connection finds its prepared statement in an array. Its parameters
/// are ?1, ?2, … and are bound in that order. It is written in what the databases have in common, as far as they do.
/// </summary>
internal sealed class Sql
{
    private static readonly Lock Gate = new();
    private static readonly List<Sql> Registered = [];

    /// <param name="text">The text of all databases.</param>
    /// <param name="postgres">PostgreSQL's own, where that must be another one; with ?1, ?2, … for the same parameters.</param>
    public Sql(string text, string? postgres = null)
    {
        Text = text;
        Postgres = postgres;
        lock (Gate)
        {
            Id = Registered.Count;
            Registered.Add(this);
        }
    }

    /// <summary>Whether it inserts one row into a table that numbers its rows: <see cref="Statement.Insert"/> runs it.</summary>
    public bool InsertsNumbered { get; private init; }

    /// <summary>The text of an INSERT of one row into a table that numbers its rows, in a column "id".</summary>
    public static Sql Insert(string text) => new(text) { InsertsNumbered = true };

    /// <summary>Every text made so far; tests look at the plan of each.</summary>
    public static IReadOnlyList<Sql> All
    {
        get
        {
            lock (Gate) return [.. Registered];
        }
    }

    public int Id { get; }

    public string Text { get; }

    /// <summary>The text of PostgreSQL alone; null where all have one.</summary>
    public string? Postgres { get; }
}

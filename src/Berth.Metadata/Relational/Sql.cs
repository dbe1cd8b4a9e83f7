namespace Berth.Metadata.Relational;

/// <summary>
/// One SQL text of the product, known by a small number so that each connection finds its prepared statement in an array. Its parameters
/// are ?1, ?2, … and are bound in that order. It is written in what the databases have in common, as far as they do.
/// </summary>
internal sealed class Sql
{
    private static readonly Lock Gate = new();
    private static readonly List<Sql> Registered = [];

    public Sql(string text)
    {
        Text = text;
        lock (Gate)
        {
            Id = Registered.Count;
            Registered.Add(this);
        }
    }

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
}

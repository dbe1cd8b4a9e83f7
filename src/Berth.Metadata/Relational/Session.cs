namespace Berth.Metadata.Relational;

/// <summary>One connection to the database with its prepared statements, as a read or a change sees it. It is used by one thread at a time.</summary>
internal abstract class Session
{
    /// <summary>The prepared statement of a text, ready to be bound.</summary>
    public abstract Statement Use(Sql sql);

    /// <summary>Begins one snapshot for several statements, which ends with the returned value.</summary>
    public ReadTransaction BeginRead()
    {
        BeginSnapshot();
        return new ReadTransaction(this);
    }

    /// <summary>
    /// Lets the change that is under way be answered a moment before it is durable, where that spares a wait: for one on which nothing rests before a later change is durable, and this one with it.
    /// A crash of the database in between undoes it.
    /// </summary>
    public abstract void CommitSoon();

    protected abstract void BeginSnapshot();

    protected abstract void EndSnapshot();

    /// <summary>One snapshot of the rows.</summary>
    internal readonly struct ReadTransaction(Session session) : IDisposable
    {
        public void Dispose() => session.EndSnapshot();
    }
}

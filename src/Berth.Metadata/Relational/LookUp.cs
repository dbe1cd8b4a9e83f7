namespace Berth.Metadata.Relational;

/// <summary>A read whose statement is known before it runs, as those that answer pulls are: a database that is far away is sent several of them as one message.</summary>
/// <param name="Text">The statement.</param>
/// <param name="Bind">Binds its parameters.</param>
/// <param name="Read">Makes the result of its rows; it may run more statements where the rows are not enough.</param>
internal sealed record LookUp<TState, T>(Func<TState, Sql> Text, Action<Statement, TState> Bind, Func<Session, Statement, TState, T> Read)
{
    /// <summary>Runs it by itself.</summary>
    public T Run(Session session, TState state)
    {
        using var rows = session.Use(Text(state));
        Bind(rows, state);
        return Read(session, rows, state);
    }
}

using System.Data;
using Berth.Metadata.Relational;
using Npgsql;
using NpgsqlTypes;

namespace Berth.Metadata.Postgres.Engine;

/// <summary>
/// One statement of one connection, or one of several that are sent together, which has no command of its own. Its rows are read whole at the first step, so that the connection is free for what the reader of a row asks next: pages are bounded.
/// </summary>
internal sealed class PostgresStatement(PostgresSession session, NpgsqlParameterCollection parameters, NpgsqlCommand? command, bool prepares) : Statement
{
    private readonly List<object[]> _rows = [];
    private int _bound;
    private int _row;
    private bool _inUse;
    private bool _ran;
    private bool _prepared;

    /// <summary>Whether usage is folded before each run.</summary>
    public bool ReadsUsage { get; init; }

    public PostgresStatement Begin()
    {
        if (_inUse) throw new InvalidOperationException("A prepared statement was taken again before its rows were read.");
        _inUse = true;
        _bound = 0;
        return this;
    }

    public override Statement Bind(long value)
    {
        if (Parameter(NpgsqlDbType.Bigint) is NpgsqlParameter<long> typed) typed.TypedValue = value;
        else Put(new NpgsqlParameter<long> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Bigint });
        return this;
    }

    public override Statement Bind(string? value)
    {
        if (value is null) return BindNull(Kind.Text);

        // The end of a range right behind a name: a text cannot hold NUL here, and no name holds the character after it.
        if (value.Contains('\0', StringComparison.Ordinal)) value = value.Replace('\0', '\u0001');
        if (Parameter(NpgsqlDbType.Text) is NpgsqlParameter<string> typed) typed.TypedValue = value;
        else Put(new NpgsqlParameter<string> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Text });
        return this;
    }

    public override Statement Bind(ReadOnlySpan<byte> bytes)
    {
        var copy = bytes.ToArray();
        if (Parameter(NpgsqlDbType.Bytea) is NpgsqlParameter<byte[]> typed) typed.TypedValue = copy;
        else Put(new NpgsqlParameter<byte[]> { TypedValue = copy, NpgsqlDbType = NpgsqlDbType.Bytea });
        return this;
    }

    /// <summary>Takes the rows of the reader's result as its own.</summary>
    public void Take(NpgsqlDataReader reader)
    {
        Await();
        while (reader.Read()) Take(reader, reader.FieldCount);
    }

    /// <summary>Says that it needs not be run: rows come from elsewhere, or there are none.</summary>
    public void Await()
    {
        _ran = true;
        _row = -1;
    }

    /// <summary>Takes the reader's row, whose first columns are its own.</summary>
    public void Take(NpgsqlDataReader reader, int columns)
    {
        var row = new object[columns];
        for (var i = 0; i < columns; i++) row[i] = reader.GetValue(i);
        _rows.Add(row);
    }

    public override bool Step()
    {
        if (!_ran) Read();
        return ++_row < _rows.Count;
    }

    public override int Execute()
    {
        try
        {
            Prepare();
            session.CountRoundTrip();
            return Math.Max(0, Command.ExecuteNonQuery());
        }
        finally
        {
            Dispose();
        }
    }

    public override long Insert()
    {
        try
        {
            return OnlyInt64();
        }
        finally
        {
            Dispose();
        }
    }

    public override bool IsNull(int column) => Value(column) is DBNull;

    public override long Int64(int column) => Value(column) switch
    {
        long number => number,
        int number => number,
        short number => number,
        bool flag => flag ? 1 : 0,
        decimal number => (long)number,
        DBNull => 0,
        var other => throw new InvalidOperationException($"Column {column} holds no number but {other.GetType().Name}."),
    };

    public override string Text(int column) => Value(column) as string ?? "";

    public override ReadOnlySpan<byte> Span(int column) => Value(column) as byte[];

    public override void Dispose()
    {
        _rows.Clear();
        _ran = false;
        _inUse = false;
    }

    protected override Statement BindNull(Kind kind)
    {
        var type = kind switch { Kind.Int64 => NpgsqlDbType.Bigint, Kind.Text => NpgsqlDbType.Text, _ => NpgsqlDbType.Bytea };
        Put(new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = type });
        return this;
    }

    private NpgsqlCommand Command => command ?? throw new InvalidOperationException("A statement that was sent with others is not run again.");

    private object Value(int column) => _rows[_row][column];

    private NpgsqlParameter? Parameter(NpgsqlDbType type)
    {
        if (_bound >= parameters.Count || parameters[_bound].NpgsqlDbType != type) return null;
        var parameter = parameters[_bound];
        if (parameter.GetType() == typeof(NpgsqlParameter)) return null;
        _bound++;
        return parameter;
    }

    private void Put(NpgsqlParameter parameter)
    {
        if (_bound < parameters.Count) parameters[_bound] = parameter;
        else parameters.Add(parameter);
        _bound++;
    }

    private void Prepare()
    {
        while (parameters.Count > _bound) parameters.RemoveAt(parameters.Count - 1);
        if (!prepares || _prepared) return;

        session.CountRoundTrip();
        Command.Prepare();
        _prepared = true;
    }

    private void Read()
    {
        Prepare();
        session.CountRoundTrip();
        using var reader = Command.ExecuteReader(CommandBehavior.Default);
        Take(reader);
    }
}

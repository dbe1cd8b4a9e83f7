using System.Text;
using Berth.Metadata.Relational;
using Npgsql;
using NpgsqlTypes;

namespace Berth.Metadata.Postgres.Engine;

/// <summary>
/// One statement of one connection. It is sent with those that were asked or told before it, once an answer is waited for; its rows are then read whole, so that the connection is free for
/// what the reader of a row asks next: pages are bounded.
/// </summary>
internal sealed class PostgresStatement(PostgresSession session, NpgsqlBatchCommand command, int limitSeconds, bool prepares) : Statement
{
    private readonly NpgsqlParameterCollection _parameters = command.Parameters;
    private readonly bool _answersWithRows = Dialect.AnswersWithRows(command.CommandText);
    private readonly List<object[]> _rows = [];
    private int _bound;
    private int _row;
    private bool _inUse;
    private bool _isTold;
    private bool _ran;

    /// <summary>What is sent.</summary>
    public NpgsqlBatchCommand Command => command;

    /// <summary>The longest that it may run; 0 for as long as it takes.</summary>
    public int LimitSeconds => limitSeconds;

    /// <summary>Whether it is to be prepared on its connection before it is sent; that is done once.</summary>
    public bool Prepares { get; set; } = prepares;

    /// <summary>Whether usage is folded before each run.</summary>
    public bool ReadsUsage { get; init; }

    /// <summary>Whether it waits to be sent, or for its answer to be read: until then its text needs another statement.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>Another statement of the same text, for one that is held.</summary>
    public PostgresStatement? Next { get; set; }

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

        // Half of a surrogate pair has no UTF-8, and the driver would send nothing of what goes with it; SQLite's provider replaces it in the same way.
        if (value.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')) value = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(value));
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

    /// <summary>Takes the rows of the reader's result as its own, where the statement is one of those that have some, and goes to the next result.</summary>
    public void Take(NpgsqlDataReader reader)
    {
        Await();
        if (_answersWithRows)
        {
            while (reader.Read()) Take(reader, reader.FieldCount);
            reader.NextResult();
        }

        if (_isTold) Dispose();
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

    public override Statement Ask()
    {
        Hold();
        IsHeld = true;
        return this;
    }

    public override void Tell()
    {
        _isTold = true;
        Ask();
    }

    public override bool Step()
    {
        Run();
        return ++_row < _rows.Count;
    }

    public override int Execute()
    {
        try
        {
            Run();
            return Math.Max(0, command.RecordsAffected);
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
        IsHeld = false;
        _inUse = false;
        _isTold = false;
    }

    protected override Statement BindNull(Kind kind)
    {
        var type = kind switch { Kind.Int64 => NpgsqlDbType.Bigint, Kind.Text => NpgsqlDbType.Text, _ => NpgsqlDbType.Bytea };
        Put(new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = type });
        return this;
    }

    /// <summary>The row that was stepped to.</summary>
    public object[] Row => _rows[_row];

    private object Value(int column) => _rows[_row][column];

    private NpgsqlParameter? Parameter(NpgsqlDbType type)
    {
        if (_bound >= _parameters.Count || _parameters[_bound].NpgsqlDbType != type) return null;
        var parameter = _parameters[_bound];
        if (parameter.GetType() == typeof(NpgsqlParameter)) return null;
        _bound++;
        return parameter;
    }

    private void Put(NpgsqlParameter parameter)
    {
        if (_bound < _parameters.Count) _parameters[_bound] = parameter;
        else _parameters.Add(parameter);
        _bound++;
    }

    private void Run()
    {
        if (_ran) return;
        if (!IsHeld) Hold();
        session.Send();
    }

    private void Hold()
    {
        while (_parameters.Count > _bound) _parameters.RemoveAt(_parameters.Count - 1);
        session.Hold(this);
    }
}

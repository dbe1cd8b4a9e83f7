using Berth.Metadata.Sqlite.Engine;
using Npgsql;
using NpgsqlTypes;

namespace Berth.Metadata.Moving;

/// <summary>Copies one table, and reads back what came of it. Both go in the order of its key, which is the same in both databases: numbers, and bytes.</summary>
internal sealed class TableCopy
{
    private const int RowsBetweenLooks = 1024;

    // A table may be large, and the server reads its index before it sends the first row.
    private static readonly TimeSpan Patience = TimeSpan.FromDays(1);

    private readonly MovedTable _table;
    private readonly SqliteSession _source;
    private readonly NpgsqlConnection _target;
    private readonly List<Column> _columns;
    private readonly List<string> _key;

    /// <param name="table">The table.</param>
    /// <param name="source">In a read transaction.</param>
    /// <param name="target">In a transaction.</param>
    public TableCopy(MovedTable table, SqliteSession source, NpgsqlConnection target)
    {
        (_table, _source, _target) = (table, source, target);
        _columns = ReadColumns();
        _key = ReadKey();
    }

    /// <summary>The rows of the source.</summary>
    public long Count()
    {
        var counted = _source.Prepare($"SELECT count(*) FROM {_table.Name}");
        try
        {
            return counted.Begin().OnlyInt64();
        }
        finally
        {
            counted.Close();
        }
    }

    /// <summary>Copies all rows; their digest.</summary>
    public RowHash Copy(Action<long> done, CancellationToken cancellationToken)
    {
        var hash = new RowHash();
        var rows = _source.Prepare($"SELECT {string.Join(", ", _columns.Select(column => column.Expression))} FROM {_table.Name} ORDER BY {string.Join(", ", _key.Select(Expression))}");
        try
        {
            using var importer = _target.BeginBinaryImport($"COPY {_table.Name} ({Names}) FROM STDIN (FORMAT BINARY)");
            importer.Timeout = Patience;
            for (rows.Begin(); rows.Step();)
            {
                importer.StartRow();
                for (var i = 0; i < _columns.Count; i++) Write(rows, i, importer, hash);
                hash.EndRow();
                Look(hash, done, cancellationToken);
            }

            importer.Complete();
            done(hash.Rows);
            return hash;
        }
        finally
        {
            rows.Dispose();
            rows.Close();
        }
    }

    /// <summary>The digest of the rows that the target has now.</summary>
    public RowHash Read(Action<long> done, CancellationToken cancellationToken)
    {
        var hash = new RowHash();
        using var exporter = _target.BeginBinaryExport($"COPY (SELECT {Names} FROM {_table.Name} ORDER BY {string.Join(", ", _key.Select(Quote))}) TO STDOUT (FORMAT BINARY)");
        exporter.Timeout = Patience;
        while (exporter.StartRow() >= 0)
        {
            foreach (var column in _columns) Read(exporter, column.Type, hash);
            hash.EndRow();
            Look(hash, done, cancellationToken);
        }

        done(hash.Rows);
        return hash;
    }

    /// <summary>Lets the numbers that the target gives go on behind every one that the source ever gave; the last one given, null where rows are not numbered.</summary>
    public long? GoOnNumbering()
    {
        if (_columns.Find(column => column.IsNumbered) is not { } numbered) return null;
        var last = Highest(numbered.Expression);
        if (last == 0) return last;

        using var command = new NpgsqlCommand($"SELECT setval(pg_get_serial_sequence('{_table.Name}', '{numbered.Name}'), $1)", _target);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = last });
        command.ExecuteNonQuery();
        return last;
    }

    private string Names => string.Join(", ", _columns.Select(column => Quote(column.Name)));

    private static string Quote(string name) => $"\"{name}\"";

    private static void Look(RowHash hash, Action<long> done, CancellationToken cancellationToken)
    {
        if (hash.Rows % RowsBetweenLooks != 0) return;
        cancellationToken.ThrowIfCancellationRequested();
        done(hash.Rows);
    }

    private static void Read(NpgsqlBinaryExporter exporter, NpgsqlDbType type, RowHash hash)
    {
        if (exporter.IsNull)
        {
            exporter.Skip();
            hash.AddNull();
            return;
        }

        switch (type)
        {
            case NpgsqlDbType.Text:
                hash.Add(exporter.Read<string>(type));
                break;
            case NpgsqlDbType.Bytea:
                hash.Add(exporter.Read<byte[]>(type));
                break;
            case NpgsqlDbType.Smallint:
                hash.Add((long)exporter.Read<short>(type));
                break;
            default:
                hash.Add(exporter.Read<long>(type));
                break;
        }
    }

    private void Write(SqliteStatement rows, int index, NpgsqlBinaryImporter importer, RowHash hash)
    {
        if (rows.IsNull(index))
        {
            importer.WriteNull();
            hash.AddNull();
            return;
        }

        switch (_columns[index].Type)
        {
            case NpgsqlDbType.Text:
                var text = rows.Text(index);
                importer.Write(text, NpgsqlDbType.Text);
                hash.Add(text);
                break;
            case NpgsqlDbType.Bytea:
                var bytes = rows.Span(index).ToArray();
                importer.Write(bytes, NpgsqlDbType.Bytea);
                hash.Add(bytes);
                break;
            case NpgsqlDbType.Smallint:
                importer.Write(checked((short)rows.Int64(index)), NpgsqlDbType.Smallint);
                hash.Add(rows.Int64(index));
                break;
            default:
                importer.Write(rows.Int64(index), NpgsqlDbType.Bigint);
                hash.Add(rows.Int64(index));
                break;
        }
    }

    // A table whose numbers are never given again remembers the last one, also of a row that is gone.
    private long Highest(string column)
    {
        var highest = _source.Prepare($"SELECT max(COALESCE((SELECT max({column}) FROM {_table.Name}), 0), COALESCE((SELECT seq FROM sqlite_sequence WHERE name = '{_table.Name}'), 0))");
        try
        {
            return highest.Begin().OnlyInt64();
        }
        finally
        {
            highest.Close();
        }
    }

    private string Expression(string column) => _table.Expressions.GetValueOrDefault(column, Quote(column));

    private List<Column> ReadColumns()
    {
        using var command = new NpgsqlCommand(
            "SELECT column_name, data_type, is_identity = 'YES' FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position", _target);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = _table.Name });
        using var reader = command.ExecuteReader();
        var columns = new List<Column>();
        while (reader.Read()) columns.Add(new Column(reader.GetString(0), TypeOf(reader.GetString(1)), Expression(reader.GetString(0)), reader.GetBoolean(2)));
        return columns;
    }

    private List<string> ReadKey()
    {
        using var command = new NpgsqlCommand(
            """
            SELECT a.attname FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS part (number, place), pg_attribute a
            WHERE i.indrelid = CAST($1 AS regclass) AND i.indisprimary AND a.attrelid = i.indrelid AND a.attnum = part.number ORDER BY part.place
            """,
            _target);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = _table.Name });
        using var reader = command.ExecuteReader();
        var key = new List<string>();
        while (reader.Read()) key.Add(reader.GetString(0));
        return key;
    }

    private NpgsqlDbType TypeOf(string name) => name switch
    {
        "bigint" => NpgsqlDbType.Bigint,
        "smallint" => NpgsqlDbType.Smallint,
        "text" => NpgsqlDbType.Text,
        "bytea" => NpgsqlDbType.Bytea,
        _ => throw new InvalidOperationException($"Table '{_table.Name}' has a column of the type '{name}', which is not moved."),
    };

    private sealed record Column(string Name, NpgsqlDbType Type, string Expression, bool IsNumbered);
}

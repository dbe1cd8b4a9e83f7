using System.Buffers;
using System.Text;
using Berth.Oci;
using SQLitePCL;

namespace Berth.Metadata.Sqlite.Engine;

/// <summary>
/// One prepared statement of one connection. It is bound in parameter order, stepped, read and reset; disposing it resets it, which also
/// ends its read transaction. Not for concurrent use.
/// </summary>
internal sealed class Statement : IDisposable
{
    private const int StackBytes = 512;

    private readonly Session _session;
    private readonly sqlite3_stmt _handle;
    private int _bound;
    private bool _inUse;
    private bool _holdsMuch;

    public Statement(Session session, sqlite3_stmt handle)
    {
        _session = session;
        _handle = handle;
    }

    public Statement Begin()
    {
        if (_inUse) throw new InvalidOperationException("A prepared statement was taken again before its rows were read.");
        _inUse = true;
        _bound = 0;
        return this;
    }

    public Statement Bind(long value)
    {
        _session.Check(raw.sqlite3_bind_int64(_handle, ++_bound, value));
        return this;
    }

    public Statement Bind(long? value) => value is { } number ? Bind(number) : BindNull();

    public Statement Bind(bool value) => Bind(value ? 1L : 0L);

    public Statement Bind(DateTimeOffset value) => Bind(value.ToUnixTimeMilliseconds());

    public Statement Bind(DateTimeOffset? value) => value is { } time ? Bind(time) : BindNull();

    public Statement Bind(string? value)
    {
        if (value is null) return BindNull();

        var most = Encoding.UTF8.GetMaxByteCount(value.Length);
        if (most <= StackBytes)
        {
            Span<byte> buffer = stackalloc byte[StackBytes];
            BindText(buffer[..Encoding.UTF8.GetBytes(value, buffer)]);
            return this;
        }

        var rented = ArrayPool<byte>.Shared.Rent(most);
        BindText(rented.AsSpan(0, Encoding.UTF8.GetBytes(value, rented)));
        ArrayPool<byte>.Shared.Return(rented);
        return this;
    }

    /// <summary>Binds a digest's stored form; NULL for a default one.</summary>
    public Statement Bind(Digest digest)
    {
        if (digest.IsDefault) return BindNull();

        Span<byte> buffer = stackalloc byte[65];
        buffer[0] = (byte)digest.Algorithm;
        Convert.FromHexString(digest.Hex, buffer[1..], out _, out var length);
        return Bind(buffer[..(1 + length)]);
    }

    public Statement Bind(byte[]? bytes) => bytes is null ? BindNull() : Bind(bytes.AsSpan());

    public Statement Bind(ReadOnlySpan<byte> bytes)
    {
        _holdsMuch |= bytes.Length > StackBytes;
        _session.Check(raw.sqlite3_bind_blob(_handle, ++_bound, bytes));
        return this;
    }

    /// <summary>Goes to the next row; false after the last.</summary>
    public bool Step()
    {
        _session.CountStep();
        var result = raw.sqlite3_step(_handle);
        if (result == raw.SQLITE_ROW) return true;
        if (result == raw.SQLITE_DONE) return false;
        throw _session.Error(result);
    }

    /// <summary>Runs a statement that answers with no rows; returns the rows it changed.</summary>
    public int Execute()
    {
        try
        {
            if (Step()) throw new InvalidOperationException("A statement that should only change rows answered with one.");
            return _session.Changes;
        }
        finally
        {
            Dispose();
        }
    }

    /// <summary>Runs the INSERT of one row into a table that numbers its rows; returns the row's number.</summary>
    public long Insert()
    {
        Execute();
        return _session.LastInsertedId;
    }

    /// <summary>Reads the one number of the one row that the statement answers with, and runs it to its end.</summary>
    public long OnlyInt64()
    {
        if (!Step()) throw new InvalidOperationException("A statement that should answer with one row answered with none.");
        var value = Int64(0);
        return !Step() ? value : throw new InvalidOperationException("A statement that should answer with one row answered with more.");
    }

    public bool IsNull(int column) => raw.sqlite3_column_type(_handle, column) == raw.SQLITE_NULL;

    public long Int64(int column) => raw.sqlite3_column_int64(_handle, column);

    public long? Int64OrNull(int column) => IsNull(column) ? null : Int64(column);

    public bool Bool(int column) => Int64(column) != 0;

    public DateTimeOffset Time(int column) => DateTimeOffset.FromUnixTimeMilliseconds(Int64(column));

    public DateTimeOffset? TimeOrNull(int column) => IsNull(column) ? null : Time(column);

    public string Text(int column) => raw.sqlite3_column_text(_handle, column).utf8_to_string() ?? "";

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    /// <summary>The column's bytes; valid until the next step.</summary>
    public ReadOnlySpan<byte> Span(int column) => raw.sqlite3_column_blob(_handle, column);

    public byte[]? BytesOrNull(int column) => IsNull(column) ? null : Span(column).ToArray();

    /// <summary>The digest in the column; default for NULL.</summary>
    public Digest Digest(int column)
    {
        var bytes = Span(column);
        return bytes.IsEmpty ? default : Oci.Digest.FromBytes(bytes);
    }

    /// <summary>Resets the statement and lets go of what it holds.</summary>
    public void Dispose()
    {
        // The result of a reset repeats the error of the step, which was thrown already.
        _ = raw.sqlite3_reset(_handle);
        _session.CountInstructions(raw.sqlite3_stmt_status(_handle, raw.SQLITE_STMTSTATUS_VM_STEP, 1));
        if (_holdsMuch)
        {
            _ = raw.sqlite3_clear_bindings(_handle);
            _holdsMuch = false;
        }

        _inUse = false;
    }

    public void Close() => _handle.Dispose();

    private Statement BindNull()
    {
        _session.Check(raw.sqlite3_bind_null(_handle, ++_bound));
        return this;
    }

    private void BindText(ReadOnlySpan<byte> text) => _session.Check(raw.sqlite3_bind_text(_handle, ++_bound, text));
}

using System.Buffers;
using System.Text;
using Berth.Metadata.Relational;
using SQLitePCL;

namespace Berth.Metadata.Sqlite.Engine;

/// <summary>
/// One prepared statement of one connection. It is bound in parameter order, stepped, read and reset; disposing it resets it, which also
/// ends its read transaction. Not for concurrent use.
/// </summary>
internal sealed class SqliteStatement : Statement
{
    private const int StackBytes = 512;

    private readonly SqliteSession _session;
    private readonly sqlite3_stmt _handle;
    private int _bound;
    private bool _holdsMuch;
    private bool _isAsked;
    private bool _hasRow;
    private int _changes;

    public SqliteStatement(SqliteSession session, sqlite3_stmt handle)
    {
        _session = session;
        _handle = handle;
    }

    /// <summary>Whether it was taken, and is not reset yet.</summary>
    public bool IsInUse { get; private set; }

    public SqliteStatement Begin()
    {
        if (IsInUse) throw new InvalidOperationException("A prepared statement was taken again before its rows were read.");
        IsInUse = true;
        _bound = 0;
        return this;
    }

    public override Statement Bind(long value)
    {
        _session.Check(raw.sqlite3_bind_int64(_handle, ++_bound, value));
        return this;
    }

    public override Statement Bind(string? value)
    {
        if (value is null) return BindNull(Kind.Text);

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

    public override Statement Bind(ReadOnlySpan<byte> bytes)
    {
        _holdsMuch |= bytes.Length > StackBytes;
        _session.Check(raw.sqlite3_bind_blob(_handle, ++_bound, bytes));
        return this;
    }

    /// <inheritdoc/>
    public override Statement Ask()
    {
        try
        {
            _hasRow = Step();
        }
        catch
        {
            // Who asks has no hold of it yet.
            Dispose();
            throw;
        }

        _changes = _session.Changes;
        _isAsked = true;
        return this;
    }

    /// <inheritdoc/>
    public override void Tell() => Execute();

    /// <inheritdoc/>
    public override bool Step()
    {
        if (_isAsked)
        {
            _isAsked = false;
            return _hasRow;
        }

        _session.CountStep();
        var result = raw.sqlite3_step(_handle);
        if (result == raw.SQLITE_ROW) return true;
        if (result == raw.SQLITE_DONE) return false;
        throw _session.Error(result);
    }

    /// <inheritdoc/>
    public override int Execute()
    {
        try
        {
            var wasAsked = _isAsked;
            if (Step()) throw new InvalidOperationException("A statement that should only change rows answered with one.");
            return wasAsked ? _changes : _session.Changes;
        }
        finally
        {
            Dispose();
        }
    }

    public override long Insert()
    {
        Execute();
        return _session.LastInsertedId;
    }

    public override bool IsNull(int column) => raw.sqlite3_column_type(_handle, column) == raw.SQLITE_NULL;

    /// <inheritdoc/>
    public override long Int64(int column) => raw.sqlite3_column_int64(_handle, column);

    /// <inheritdoc/>
    public override string Text(int column) => raw.sqlite3_column_text(_handle, column).utf8_to_string() ?? "";

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Span(int column) => raw.sqlite3_column_blob(_handle, column);

    /// <inheritdoc/>
    public override void Dispose()
    {
        // The result of a reset repeats the error of the step, which was thrown already.
        _ = raw.sqlite3_reset(_handle);
        _session.CountInstructions(raw.sqlite3_stmt_status(_handle, raw.SQLITE_STMTSTATUS_VM_STEP, 1));
        if (_holdsMuch)
        {
            _ = raw.sqlite3_clear_bindings(_handle);
            _holdsMuch = false;
        }

        _isAsked = false;
        IsInUse = false;
    }

    public void Close() => _handle.Dispose();

    protected override Statement BindNull(Kind kind)
    {
        _session.Check(raw.sqlite3_bind_null(_handle, ++_bound));
        return this;
    }

    private void BindText(ReadOnlySpan<byte> text) => _session.Check(raw.sqlite3_bind_text(_handle, ++_bound, text));
}

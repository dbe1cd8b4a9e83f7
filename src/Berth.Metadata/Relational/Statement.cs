using Berth.Oci;

namespace Berth.Metadata.Relational;

/// <summary>
/// One prepared statement of one connection. It is bound in parameter order, stepped, read and reset; disposing it resets it. Not for concurrent use.
/// </summary>
internal abstract class Statement : IDisposable
{
    /// <summary>What a parameter is where its value is NULL.</summary>
    protected enum Kind
    {
        Int64,
        Text,
        Bytes,
    }

    public abstract Statement Bind(long value);

    public abstract Statement Bind(string? value);

    public abstract Statement Bind(ReadOnlySpan<byte> bytes);

    public Statement Bind(long? value) => value is { } number ? Bind(number) : BindNull(Kind.Int64);

    public Statement Bind(bool value) => Bind(value ? 1L : 0L);

    public Statement Bind(DateTimeOffset value) => Bind(value.ToUnixTimeMilliseconds());

    public Statement Bind(DateTimeOffset? value) => value is { } time ? Bind(time) : BindNull(Kind.Int64);

    /// <summary>Binds a digest's stored form; NULL for a default one.</summary>
    public Statement Bind(Digest digest)
    {
        if (digest.IsDefault) return BindNull(Kind.Bytes);

        Span<byte> buffer = stackalloc byte[65];
        buffer[0] = (byte)digest.Algorithm;
        Convert.FromHexString(digest.Hex, buffer[1..], out _, out var length);
        return Bind(buffer[..(1 + length)]);
    }

    public Statement Bind(byte[]? bytes) => bytes is null ? BindNull(Kind.Bytes) : Bind(bytes.AsSpan());

    /// <summary>
    /// Puts it in its place among the statements of its session, and goes on: its rows, or the number of those that it changed, are asked for later. A database that is far away is sent
    /// what was asked as one message, once one answer is waited for.
    /// </summary>
    public abstract Statement Ask();

    /// <summary>The same of a statement whose answer nobody needs. What is wrong with it ends the operation with a later one, or with the commit.</summary>
    public abstract void Tell();

    /// <summary>Goes to the next row; false after the last.</summary>
    public abstract bool Step();

    /// <summary>Runs a statement that answers with no rows; returns the rows it changed.</summary>
    public abstract int Execute();

    /// <summary>Runs the INSERT of one row into a table that numbers its rows (see <see cref="Sql.Insert"/>); returns the row's number.</summary>
    public abstract long Insert();

    /// <summary>Reads the one number of the one row that the statement answers with, and runs it to its end.</summary>
    public long OnlyInt64()
    {
        if (!Step()) throw new InvalidOperationException("A statement that should answer with one row answered with none.");
        var value = Int64(0);
        return !Step() ? value : throw new InvalidOperationException("A statement that should answer with one row answered with more.");
    }

    public abstract bool IsNull(int column);

    /// <summary>The number in the column; 0 for NULL.</summary>
    public abstract long Int64(int column);

    public long? Int64OrNull(int column) => IsNull(column) ? null : Int64(column);

    public bool Bool(int column) => Int64(column) != 0;

    public DateTimeOffset Time(int column) => DateTimeOffset.FromUnixTimeMilliseconds(Int64(column));

    public DateTimeOffset? TimeOrNull(int column) => IsNull(column) ? null : Time(column);

    /// <summary>The text in the column; empty for NULL.</summary>
    public abstract string Text(int column);

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    /// <summary>The column's bytes, none for NULL; valid until the next step.</summary>
    public abstract ReadOnlySpan<byte> Span(int column);

    public byte[]? BytesOrNull(int column) => IsNull(column) ? null : Span(column).ToArray();

    /// <summary>The digest in the column; default for NULL.</summary>
    public Digest Digest(int column)
    {
        var bytes = Span(column);
        return bytes.IsEmpty ? default : Oci.Digest.FromBytes(bytes);
    }

    /// <summary>Resets the statement and lets go of what it holds.</summary>
    public abstract void Dispose();

    protected abstract Statement BindNull(Kind kind);
}

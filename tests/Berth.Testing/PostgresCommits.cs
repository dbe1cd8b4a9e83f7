using System.Buffers.Binary;
using System.Text;

namespace Berth.Testing;

/// <summary>
/// What a client of PostgreSQL sends on one connection, read just so far that a COMMIT is seen, however the bytes are cut into blocks (PostgreSQL's manual, "Message Formats"): messages without a
/// type until the session begins, then a type and a length each.
/// </summary>
public sealed class PostgresCommits
{
    private const int Version = 3;
    private const int MostHead = 16;

    private readonly byte[] _head = new byte[MostHead];
    private bool _inSession;
    private int _read;
    private int _length;

    /// <summary>What a proxy does for a client of PostgreSQL: one thing with blocks in which a transaction is committed, another with the rest.</summary>
    public static Func<Func<ReadOnlyMemory<byte>, ProxyAction>> Decide(Func<ProxyAction> atCommit, Func<ProxyAction>? elsewhere = null) => () =>
    {
        var commits = new PostgresCommits();
        return block => commits.Reads(block.Span) ? atCommit() : elsewhere?.Invoke() ?? ProxyAction.Pass;
    };

    /// <summary>Reads what is sent next; whether a COMMIT is among it.</summary>
    public bool Reads(ReadOnlySpan<byte> bytes)
    {
        var isCommit = false;
        foreach (var one in bytes)
        {
            if (_read < MostHead) _head[_read] = one;
            _read++;
            if (_read == HeadLength) _length = BinaryPrimitives.ReadInt32BigEndian(_head.AsSpan(_inSession ? 1 : 0)) + (_inSession ? 1 : 0);
            if (_read < HeadLength || _read < _length) continue;

            isCommit |= IsCommit();
            if (!_inSession) _inSession = BinaryPrimitives.ReadInt32BigEndian(_head.AsSpan(4)) >> 16 == Version;
            _read = 0;
        }

        return isCommit;
    }

    private int HeadLength => _inSession ? 5 : 4;

    // A simple query, or the text of a statement without a name that is to be prepared.
    private bool IsCommit()
    {
        if (!_inSession || _head[0] is not ((byte)'Q' or (byte)'P')) return false;
        var text = _head.AsSpan(_head[0] == (byte)'Q' ? 5 : 6, 6);
        return Encoding.ASCII.GetString(text).Equals("COMMIT", StringComparison.OrdinalIgnoreCase);
    }
}

using System.Diagnostics;
using Berth.Metadata.Relational;

namespace Berth.Metadata.Postgres.Engine;

/// <summary>
/// One thread of a group with its connection: since when it waits for the server's answer, and whether it was given up. What was given up sends nothing any more: its caller was told that the
/// database does not answer, and may have gone on.
/// </summary>
internal sealed class Worker
{
    private readonly object _rest = new();
    private long _askedAt = Stopwatch.GetTimestamp();
    private volatile bool _isGivenUp;
    private bool _isCalled;

    /// <summary>What it runs: nothing while it rests, one operation, or several look-ups together. Changed by its own thread alone, under its group's lock.</summary>
    public List<Operation<PostgresSession>> Operations { get; } = [];

    /// <summary>Whether it runs look-ups.</summary>
    public bool LooksUp => Operations.Count > 0 && Operations[0].Text is not null;

    /// <summary>Whether nobody waits for it any more.</summary>
    public bool IsGivenUp => _isGivenUp;

    /// <summary>How long ago it last asked the server, or began to connect.</summary>
    public TimeSpan SinceAsked => Stopwatch.GetElapsedTime(Volatile.Read(ref _askedAt));

    /// <summary>Before each message to the server, and before a connection is made.</summary>
    /// <exception cref="MetadataUnavailableException">The worker was given up: nothing more is to be sent.</exception>
    public void Ask()
    {
        Volatile.Write(ref _askedAt, Stopwatch.GetTimestamp());
        if (_isGivenUp) throw SessionGroup.NotAnswering();
    }

    public void Begin() => Volatile.Write(ref _askedAt, Stopwatch.GetTimestamp());

    public void GiveUp() => _isGivenUp = true;

    /// <summary>Rests until it is called, or for so long.</summary>
    public void Rest(TimeSpan most)
    {
        lock (_rest)
        {
            if (!_isCalled) Monitor.Wait(_rest, most);
            _isCalled = false;
        }
    }

    /// <summary>Ends its rest, or its next one.</summary>
    public void Call()
    {
        lock (_rest)
        {
            _isCalled = true;
            Monitor.Pulse(_rest);
        }
    }
}

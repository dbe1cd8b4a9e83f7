using Berth.Metadata.Relational;

namespace Berth.Metadata.Sqlite.Engine;

/// <summary>
/// Read-only connections. Renting and returning never wait: a read runs on the caller's thread from its first row to its last, so there are
/// never more of them than threads; those beyond the slots are closed on return.
/// </summary>
internal sealed class SessionPool(SqliteOptions options) : IDisposable
{
    private readonly SqliteSession?[] _slots = new SqliteSession?[options.IdleReaders];
    private long _steps;
    private long _instructions;
    private volatile bool _disposed;

    /// <summary>Steps run by readers that were returned; tests count them.</summary>
    public long Steps => Volatile.Read(ref _steps);

    /// <summary>Instructions run by readers that were returned; tests count them.</summary>
    public long Instructions => Volatile.Read(ref _instructions);

    /// <summary>A connection for a read of a request or a page: it is ended when it takes longer than <see cref="SqliteOptions.ReadLimit"/>.</summary>
    public Lease Rent()
    {
        var lease = RentUnlimited();
        if (options.ReadLimit is { } limit) lease.Session.SetDeadline(limit);
        return lease;
    }

    /// <summary>A connection for a read that takes as long as it takes, while nobody is served.</summary>
    public Lease RentUnlimited()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var slots = _slots;
        var start = Thread.GetCurrentProcessorId() % slots.Length;
        for (var i = 0; i < slots.Length; i++)
        {
            ref var slot = ref slots[(start + i) % slots.Length];
            if (slot is not null && Interlocked.Exchange(ref slot, null) is { } session) return new Lease(this, session);
        }

        return new Lease(this, SessionPragmas.OpenReader(options));
    }

    /// <summary>Closes idle connections but one; for a server that has nothing to do.</summary>
    public void Trim()
    {
        for (var i = 1; i < _slots.Length; i++) Interlocked.Exchange(ref _slots[i], null)?.Dispose();
    }

    public void Dispose()
    {
        _disposed = true;
        for (var i = 0; i < _slots.Length; i++) Interlocked.Exchange(ref _slots[i], null)?.Dispose();
    }

    private void Return(SqliteSession session, long steps, long instructions)
    {
        session.ClearDeadline();
        Interlocked.Add(ref _steps, steps);
        Interlocked.Add(ref _instructions, instructions);
        var slots = _slots;
        var start = Thread.GetCurrentProcessorId() % slots.Length;
        for (var i = 0; i < slots.Length && !_disposed; i++)
        {
            ref var slot = ref slots[(start + i) % slots.Length];
            if (slot is not null || Interlocked.CompareExchange(ref slot, session, null) is not null) continue;

            // Disposal may have passed this slot meanwhile.
            if (_disposed) Interlocked.Exchange(ref slot, null)?.Dispose();
            return;
        }

        session.Dispose();
    }

    /// <summary>A rented connection; disposing it gives it back.</summary>
    internal readonly struct Lease(SessionPool pool, SqliteSession session) : IDisposable
    {
        private readonly long _stepsBefore = session.Steps;
        private readonly long _instructionsBefore = session.Instructions;

        public SqliteSession Session => session;

        public Statement Use(Sql sql) => session.Use(sql);

        public void Dispose() => pool.Return(session, session.Steps - _stepsBefore, session.Instructions - _instructionsBefore);
    }
}

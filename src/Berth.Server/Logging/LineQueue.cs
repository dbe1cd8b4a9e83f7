using System.Globalization;
using System.Text;

namespace Berth.Server.Logging;

/// <summary>Lines on their way to a stream. It holds a bounded number; what comes while it is full is dropped and counted in a line of its own.</summary>
internal sealed class LineQueue : IDisposable
{
    private const int Capacity = 8192;

    // The most that a pipe takes in one piece (PIPE_BUF): where several processes share one, their lines stay whole.
    private const int MostTogether = 4096;
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(2);

    // Lines that come soon behind others wait for each other: a thread that is woken for each of them costs a push more than its lines do.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    // A monitor's wait sleeps at once. Tasks, semaphores, events and collections that are waited for yield the processor some dozen times first, after each line.
    private readonly object _lock = new();
    private readonly Queue<byte[]> _lines = new();
    private readonly byte[] _together = new byte[MostTogether];
    private readonly Stream _output;
    private readonly Thread _writer;
    private int _writing;
    private long _dropped;
    private bool _rests;
    private bool _pauses;
    private bool _closed;

    /// <summary>Starts the thread that writes to the stream.</summary>
    public LineQueue(Stream output)
    {
        _output = output;
        // A thread of its own: a stalled reader of stderr must not hold one of the pool's.
        _writer = new Thread(WriteLines) { IsBackground = true, Name = "log" };
        _writer.Start();
    }

    /// <summary>Takes a line, or drops it when too many wait.</summary>
    public void Enqueue(byte[] line)
    {
        lock (_lock)
        {
            if (_closed) return;
            if (_lines.Count + _writing >= Capacity)
            {
                _dropped++;
                return;
            }

            _lines.Enqueue(line);
            if (_rests || (_pauses && _lines.Count > Capacity / 4)) Wake();
        }
    }

    /// <summary>Takes no more lines and waits, at most two seconds, until those taken are written.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_closed) return;
            _closed = true;
            Wake();
        }

        _writer.Join(FlushLimit);
    }

    private void Wake()
    {
        _rests = _pauses = false;
        Monitor.Pulse(_lock);
    }

    private void WriteLines()
    {
        while (true)
        {
            var bytes = Take();
            if (bytes.IsEmpty) return;
            try
            {
                _output.Write(bytes);
                _output.Flush();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Nobody reads stderr any more, or it is not open for writing; there is no other place to say so.
            }
        }
    }

    /// <summary>What is to be written next, when there is something; nothing when there never will be.</summary>
    private ReadOnlySpan<byte> Take()
    {
        lock (_lock)
        {
            if (_writing > 0 && _lines.Count == 0 && !_closed)
            {
                _writing = 0;
                _pauses = true;
                Monitor.Wait(_lock, Pause);
                _pauses = false;
            }

            _writing = 0;
            while (_lines.Count == 0)
            {
                if (_dropped > 0) return TakeNotice();
                if (_closed) return default;
                _rests = true;
                Monitor.Wait(_lock);
            }

            var first = TakeLine();
            if (!IsRoomBehind(first.Length)) return first;

            first.CopyTo(_together, 0);
            var length = first.Length;
            do
            {
                var line = TakeLine();
                line.CopyTo(_together, length);
                length += line.Length;
            }
            while (IsRoomBehind(length));
            return _together.AsSpan(0, length);
        }
    }

    private byte[] TakeLine()
    {
        _writing++;
        return _lines.Dequeue();
    }

    private bool IsRoomBehind(int length) => _lines.TryPeek(out var next) && length + next.Length <= _together.Length;

    private byte[] TakeNotice()
    {
        var dropped = _dropped;
        _dropped = 0;
        return Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"level\":\"warning\",\"message\":\"{dropped} log lines were dropped: stderr was not read fast enough\"}}\n"));
    }
}

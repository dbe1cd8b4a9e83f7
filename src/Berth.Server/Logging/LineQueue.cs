using System.Globalization;
using System.Text;
using System.Threading.Channels;

namespace Berth.Server.Logging;

/// <summary>Lines on their way to a stream. It holds a bounded number; what comes while it is full is dropped and counted in a line of its own.</summary>
internal sealed class LineQueue : IDisposable
{
    private const int Capacity = 8192;
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(2);

    private readonly Channel<byte[]> _lines;
    private readonly Stream _output;
    private readonly Thread _writer;
    private long _dropped;
    private int _disposed;

    /// <summary>Starts the thread that writes to the stream.</summary>
    public LineQueue(Stream output)
    {
        _output = output;
        _lines = Channel.CreateBounded<byte[]>(
            new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true }, _ => Interlocked.Increment(ref _dropped));
        // A thread of its own: a stalled reader of stderr must not hold one of the pool's.
        _writer = new Thread(WriteLines) { IsBackground = true, Name = "log" };
        _writer.Start();
    }

    /// <summary>Takes a line, or drops it when too many wait.</summary>
    public void Enqueue(byte[] line) => _lines.Writer.TryWrite(line);

    /// <summary>Takes no more lines and waits, at most two seconds, until those taken are written.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _lines.Writer.Complete();
        _writer.Join(FlushLimit);
    }

    private void WriteLines()
    {
        var reader = _lines.Reader;
        while (true)
        {
            try
            {
                while (reader.TryRead(out var line))
                    _output.Write(line);
                WriteDropped();
                _output.Flush();
            }
            catch (IOException)
            {
                // Nobody reads stderr any more; there is no other place to say so.
            }

            if (!Wait(reader))
                return;
        }
    }

    private static bool Wait(ChannelReader<byte[]> reader)
    {
        var more = reader.WaitToReadAsync();
        return more.IsCompletedSuccessfully ? more.Result : more.AsTask().GetAwaiter().GetResult();
    }

    private void WriteDropped()
    {
        var dropped = Interlocked.Exchange(ref _dropped, 0);
        if (dropped > 0)
            _output.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"level\":\"warning\",\"message\":\"{dropped} log lines were dropped: stderr was not read fast enough\"}}\n")));
    }
}

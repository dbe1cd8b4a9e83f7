using System.Diagnostics;
using System.Text;
using Berth.Server.Logging;

namespace Berth.Server.Tests.Logging;

/// <summary>Lines on their way to stderr: in order, whole, and never waited for.</summary>
public sealed class LineQueueTests
{
    [Fact]
    public void A_reader_that_stalls_costs_lines_and_never_blocks_the_writer()
    {
        using var output = new Output(stalls: true);
        using (var queue = new LineQueue(output))
        {
            for (var i = 0; i < 20_000; i++) queue.Enqueue(Line(i));
            output.GoOn();
        }

        var written = output.Text.Split('\n');
        Assert.Equal(Enumerable.Range(0, 8192).Select(i => $"line {i}"), written[..8192]);
        Assert.Contains("11808 log lines were dropped", written[8192], StringComparison.Ordinal);
        Assert.Equal(8194, written.Length);
    }

    [Fact]
    public void Each_line_is_written_without_another_one_that_pushes_it()
    {
        using var output = new Output();
        using var queue = new LineQueue(output);
        for (var i = 0; i < 100; i++)
        {
            queue.Enqueue(Line(i));
            output.Await($"line {i}\n");
        }
    }

    [Fact]
    public void Lines_that_come_soon_after_one_another_wait_for_each_other()
    {
        using var output = new Output();
        using (var queue = new LineQueue(output))
        {
            queue.Enqueue(Line(0));
            output.Await("line 0\n");
            for (var i = 1; i <= 100; i++) queue.Enqueue(Line(i));
        }

        Assert.Equal(string.Concat(Enumerable.Range(0, 101).Select(i => $"line {i}\n")), output.Text);
        Assert.InRange(output.Writes.Count, 2, 50);
    }

    [Fact]
    public void Lines_of_many_threads_are_all_written_each_once()
    {
        using var output = new Output();
        using (var queue = new LineQueue(output)) Parallel.For(0, 5000, i => queue.Enqueue(Line(i)));
        Assert.Equal(Enumerable.Range(0, 5000).Select(i => $"line {i}").Order(StringComparer.Ordinal), output.Text.TrimEnd('\n').Split('\n').Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Lines_that_wait_are_written_together_as_many_as_a_pipe_takes_in_one_piece()
    {
        using var output = new Output(stalls: true);
        var large = new string('x', 10_000) + "\n";
        using (var queue = new LineQueue(output))
        {
            for (var i = 0; i < 4000; i++) queue.Enqueue(Line(i));
            queue.Enqueue(Encoding.UTF8.GetBytes(large));
            queue.Enqueue("last\n"u8.ToArray());
            output.GoOn();
        }

        Assert.Equal(string.Concat(Enumerable.Range(0, 4000).Select(i => $"line {i}\n")) + large + "last\n", output.Text);
        Assert.InRange(output.Writes.Count, 3, 20);
        Assert.All(output.Writes, write => Assert.EndsWith("\n", write, StringComparison.Ordinal));
        Assert.Contains(large, output.Writes);
        Assert.All(output.Writes.Where(write => write != large), write => Assert.InRange(write.Length, 1, 4096));
    }

    [Theory]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(UnauthorizedAccessException))]
    public void A_write_that_fails_costs_its_lines_and_none_after_them(Type failure)
    {
        using var output = new Output();
        using var queue = new LineQueue(output);
        output.Failure = (Exception)Activator.CreateInstance(failure)!;
        queue.Enqueue(Line(1));
        output.AwaitFailed();
        queue.Enqueue(Line(2));
        output.Await("line 2\n");
        Assert.Equal("line 2\n", output.Text);
    }

    [Fact]
    public void The_end_waits_two_seconds_for_what_was_taken_and_takes_no_more()
    {
        using var output = new Output(stalls: true);
        using var queue = new LineQueue(output);
        queue.Enqueue(Line(1));
        var clock = Stopwatch.StartNew();
        queue.Dispose();
        Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(1.9), TimeSpan.FromSeconds(10));

        queue.Enqueue(Line(2));
        output.GoOn();
        output.Await("line 1\n");
        Assert.Equal("line 1\n", output.Text);
    }

    private static byte[] Line(int number) => Encoding.UTF8.GetBytes($"line {number}\n");

    private sealed class Output(bool stalls = false) : Stream
    {
        private readonly ManualResetEventSlim _goOn = new(!stalls);
        private readonly List<string> _writes = [];
        private Exception? _failure;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public IReadOnlyList<string> Writes
        {
            get
            {
                lock (_writes) return [.. _writes];
            }
        }

        public string Text => string.Concat(Writes);

        // The next write fails with it.
        public Exception? Failure { set => Volatile.Write(ref _failure, value); }

        public void GoOn() => _goOn.Set();

        public void Await(string text) => Assert.True(SpinWait.SpinUntil(() => Text.EndsWith(text, StringComparison.Ordinal), TimeSpan.FromSeconds(10)), Text);

        public void AwaitFailed() => Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref _failure) is null, TimeSpan.FromSeconds(10)));

        public override void Flush()
        {
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _goOn.Wait();
            if (Interlocked.Exchange(ref _failure, null) is { } failure) throw failure;
            lock (_writes) _writes.Add(Encoding.UTF8.GetString(buffer));
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _goOn.Dispose();
            base.Dispose(disposing);
        }
    }
}

using System.Text;
using System.Text.Json;
using Berth.Server.Logging;
using Microsoft.Extensions.Logging;

namespace Berth.Server.Tests.Logging;

public sealed class LineFormatTests
{
    private static readonly DateTimeOffset Time = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void A_json_line_is_one_object_with_the_messages_values_as_fields()
    {
        var line = Line("Blob 7 of x", [new("Size", 7L), new("Name", "x"), new("Ok", true), new("None", null), new("{OriginalFormat}", "…")], requestId: "r1");
        using var json = JsonDocument.Parse(new JsonLineFormat().Format(line));
        var root = json.RootElement;
        Assert.Equal("2030-01-02T03:04:05Z", root.GetProperty("time").GetString());
        Assert.Equal("info", root.GetProperty("level").GetString());
        Assert.Equal(1099, root.GetProperty("event").GetInt32());
        Assert.Equal("r1", root.GetProperty("requestId").GetString());
        Assert.Equal(7, root.GetProperty("fields").GetProperty("Size").GetInt64());
        Assert.True(root.GetProperty("fields").GetProperty("Ok").GetBoolean());
        Assert.False(root.GetProperty("fields").TryGetProperty("{OriginalFormat}", out _));
    }

    [Fact]
    public void Whatever_a_client_sent_stays_inside_one_line() =>
        Gen.String.Sample(text =>
        {
            var json = new JsonLineFormat().Format(Line(text, [new("Path", text)]));
            Assert.Equal(json.Length - 1, Array.IndexOf(json, (byte)'\n'));
            using var parsed = JsonDocument.Parse(json);

            var human = Encoding.UTF8.GetString(new TextLineFormat(TimeZoneInfo.Utc, colour: false).Format(Line(text, null)));
            Assert.Equal(human.Length - 1, human.IndexOf('\n', StringComparison.Ordinal));
            Assert.DoesNotContain(human[..^1], char.IsControl);
        });

    [Fact]
    public void A_text_line_has_time_level_message_and_request()
    {
        var text = Encoding.UTF8.GetString(new TextLineFormat(TimeZoneInfo.Utc, colour: false).Format(Line("Something happened", null, requestId: "r1")));
        Assert.Equal("03:04:05.000 info  Something happened [r1]\n", text);
    }

    [Fact]
    public void A_reader_that_stalls_costs_lines_and_never_blocks_the_writer()
    {
        using var stream = new StallingStream();
        using (var queue = new LineQueue(stream))
        {
            for (var i = 0; i < 20_000; i++)
                queue.Enqueue("line\n"u8.ToArray());
            stream.GoOn();
        }

        var written = Encoding.UTF8.GetString(stream.Written.ToArray());
        Assert.Contains("log lines were dropped", written, StringComparison.Ordinal);
        Assert.InRange(written.Split('\n').Length, 8_000, 9_000);
    }

    private static LogLine Line(string message, IReadOnlyList<KeyValuePair<string, object?>>? fields, string? requestId = null) =>
        new(Time, LogLevel.Information, "Category", new EventId(1099), message, fields, requestId, null);

    private sealed class StallingStream : Stream
    {
        private readonly ManualResetEventSlim _goOn = new();

        public MemoryStream Written { get; } = new();

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => Written.Length;

        public override long Position { get => Written.Position; set => throw new NotSupportedException(); }

        public void GoOn() => _goOn.Set();

        public override void Flush()
        {
        }

        public override void Write(byte[] buffer, int offset, int count)
        {
            _goOn.Wait();
            Written.Write(buffer, offset, count);
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _goOn.Wait();
            Written.Write(buffer);
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

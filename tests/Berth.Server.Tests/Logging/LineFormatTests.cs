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

    private static LogLine Line(string message, IReadOnlyList<KeyValuePair<string, object?>>? fields, string? requestId = null) =>
        new(Time, LogLevel.Information, "Category", new EventId(1099), message, fields, requestId, null);
}

using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Berth.Server.Logging;

/// <summary>One JSON object a line: time, level, category, event, message, requestId, traceId, exception, and the message's values under <c>fields</c>.</summary>
internal sealed class JsonLineFormat : ILineFormat
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer)? _reused;

    /// <summary>The level's name in lines.</summary>
    public static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        _ => "critical",
    };

    /// <inheritdoc/>
    public byte[] Format(in LogLine line)
    {
        _reused ??= Create();
        var (buffer, json) = _reused.Value;
        buffer.ResetWrittenCount();
        json.Reset(buffer);
        json.WriteStartObject();
        json.WriteString("time"u8, line.Time.UtcDateTime);
        json.WriteString("level"u8, NameOf(line.Level));
        json.WriteString("category"u8, line.Category);
        if (line.Event.Id != 0)
            json.WriteNumber("event"u8, line.Event.Id);
        json.WriteString("message"u8, line.Message);
        if (line.RequestId is not null)
            json.WriteString("requestId"u8, line.RequestId);
        if (line.TraceId is not null)
            json.WriteString("traceId"u8, line.TraceId);
        WriteFields(json, line.Fields);
        if (line.Exception is not null)
            json.WriteString("exception"u8, line.Exception.ToString());
        json.WriteEndObject();
        json.Flush();
        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer) Create()
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        return (buffer, new Utf8JsonWriter(buffer, WriterOptions));
    }

    private static void WriteFields(Utf8JsonWriter json, IReadOnlyList<KeyValuePair<string, object?>>? fields)
    {
        if (fields is null || fields.Count == 0 || (fields.Count == 1 && fields[0].Key == "{OriginalFormat}"))
            return;
        json.WriteStartObject("fields"u8);
        for (var i = 0; i < fields.Count; i++)
        {
            var (key, value) = fields[i];
            if (key == "{OriginalFormat}")
                continue;
            json.WritePropertyName(key);
            WriteValue(json, value);
        }

        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            default:
                json.WriteStringValue(Configuration.SettingValue.Text(value));
                break;
        }
    }
}

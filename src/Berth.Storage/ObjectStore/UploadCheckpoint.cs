using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;

namespace Berth.Storage.ObjectStore;

/// <summary>
/// What goes on at an offset of an upload: the parts that stand and the bytes behind them that are no part yet, in an object beside the location, written once under a name
/// of its own. The upload's row says which one counts, so that what a writer left that was fenced off counts for nothing.
/// </summary>
/// <param name="Offset">How many bytes stand, the tail's included.</param>
/// <param name="Epoch">The fencing epoch of the writer that made it.</param>
/// <param name="Upload">The id of the upload of parts; null when no part was sent.</param>
/// <param name="Parts">Its parts, in order.</param>
/// <param name="Previous">The name of the checkpoint that it was resumed from, which is of no more use once this one was.</param>
internal sealed record UploadCheckpoint(long Offset, long Epoch, string? Upload, IReadOnlyList<ObjectPart> Parts, string? Previous)
{
    // Ten thousand parts with their tags take less than a megabyte.
    private const int MostHead = 4 << 20;
    private const int NameLength = 32;
    private const int PrefixLength = 8;

    private static ReadOnlySpan<byte> Mark => "BRC1"u8;

    /// <summary>A name that nobody has had or will have.</summary>
    public static string NewName() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(NameLength / 2));

    /// <summary>The key of a location's checkpoint.</summary>
    /// <exception cref="ArgumentException">The name is none.</exception>
    public static string KeyOf(string locationKey, string name) => name.Length == NameLength && name.All(char.IsAsciiHexDigitLower)
        ? $"{locationKey}.tail.{name}"
        : throw new ArgumentException("Not a checkpoint of this store.", nameof(name));

    /// <summary>How long the tail is.</summary>
    public long TailLength => Offset - Parts.Sum(part => part.Size);

    /// <summary>What stands before the tail in the object.</summary>
    public byte[] ToHead()
    {
        using var buffer = new MemoryStream();
        buffer.Write(Mark);
        buffer.Write(new byte[sizeof(int)]);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("offset"u8, Offset);
            json.WriteNumber("epoch"u8, Epoch);
            json.WriteString("upload"u8, Upload);
            json.WriteString("previous"u8, Previous);
            json.WriteStartArray("parts"u8);
            foreach (var part in Parts)
            {
                json.WriteStartArray();
                json.WriteNumberValue(part.Number);
                json.WriteNumberValue(part.Size);
                json.WriteStringValue(part.Tag);
                json.WriteEndArray();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        var head = buffer.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(Mark.Length), head.Length - PrefixLength);
        return head;
    }

    /// <summary>Reads what stands before the tail.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static async Task<UploadCheckpoint> ReadHeadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var prefix = new byte[PrefixLength];
        await ReadAsync(stream, prefix, cancellationToken);
        var length = BinaryPrimitives.ReadInt32LittleEndian(prefix.AsSpan(Mark.Length));
        if (!prefix.AsSpan().StartsWith(Mark) || length is <= 0 or > MostHead) throw new InvalidDataException("Not a checkpoint.");
        var head = new byte[length];
        await ReadAsync(stream, head, cancellationToken);
        try
        {
            using var json = JsonDocument.Parse(head);
            var root = json.RootElement;
            var checkpoint = new UploadCheckpoint(
                root.GetProperty("offset"u8).GetInt64(), root.GetProperty("epoch"u8).GetInt64(), root.GetProperty("upload"u8).GetString(),
                [.. root.GetProperty("parts"u8).EnumerateArray().Select(part => new ObjectPart(part[0].GetInt32(), part[1].GetInt64(), part[2].GetString()!))],
                root.GetProperty("previous"u8).GetString());
            return checkpoint.TailLength is >= 0 and <= PartPlan.Largest ? checkpoint : throw new InvalidDataException("A checkpoint whose sizes do not add up.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new InvalidDataException("Not a checkpoint.", e);
        }
    }

    private static async Task ReadAsync(Stream stream, byte[] target, CancellationToken cancellationToken)
    {
        try
        {
            await stream.ReadExactlyAsync(target, cancellationToken);
        }
        catch (EndOfStreamException e)
        {
            throw new InvalidDataException("A checkpoint that is cut short.", e);
        }
    }
}

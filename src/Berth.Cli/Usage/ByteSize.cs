using System.Globalization;

namespace Berth.Cli.Usage;

/// <summary>A number of bytes as a person writes it: <c>1048576</c>, <c>500MB</c>, <c>1.5GiB</c>.</summary>
internal static class ByteSize
{
    private static readonly (string Unit, decimal Bytes)[] Units =
    [
        ("KIB", 1L << 10), ("MIB", 1L << 20), ("GIB", 1L << 30), ("TIB", 1L << 40), ("PIB", 1L << 50),
        ("KB", 1e3m), ("MB", 1e6m), ("GB", 1e9m), ("TB", 1e12m), ("PB", 1e15m), ("B", 1), ("", 1),
    ];

    /// <summary>Reads it.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static long Parse(string text)
    {
        var (unit, bytes) = Units.First(known => text.Trim().EndsWith(known.Unit, StringComparison.OrdinalIgnoreCase));
        var number = text.Trim()[..^unit.Length].TrimEnd();
        if (decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count) && count <= long.MaxValue / bytes
            && count * bytes is var size && size == decimal.Truncate(size))
        {
            return (long)size;
        }

        throw new ArgumentException($"'{text}' is no number of bytes; write 1048576, 500MB or 20GiB.");
    }
}

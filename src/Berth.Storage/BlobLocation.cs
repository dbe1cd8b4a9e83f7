using System.Buffers;
using System.Security.Cryptography;

namespace Berth.Storage;

/// <summary>
/// A location of every driver: <c>ab/&lt;32 hex&gt;</c>, in lower case the folder's number and 120 random bits. Any other text never becomes
/// a path or a key.
/// </summary>
internal static class BlobLocation
{
    /// <summary>How many folders the locations are spread over.</summary>
    public const int FanOut = 256;

    private const int NameLength = 32;
    private const int Length = NameLength + 3;

    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    /// <summary>A location in a folder, by its number, that nobody has had or will have.</summary>
    public static string New(byte folder)
    {
        Span<byte> random = stackalloc byte[NameLength / 2];
        RandomNumberGenerator.Fill(random);
        random[0] = folder;
        var name = Convert.ToHexStringLower(random);
        return $"{name.AsSpan(0, 2)}/{name}";
    }

    /// <summary>Whether the text is exactly a location.</summary>
    public static bool IsValid(ReadOnlySpan<char> location) =>
        location.Length == Length && location[2] == '/' && !location[3..].ContainsAnyExcept(LowerHex) && location[..2].SequenceEqual(location[3..5]);

    /// <summary>The number of the folder that a location lies in.</summary>
    /// <exception cref="ArgumentException">The text is not a location of this driver.</exception>
    public static int FolderOf(string location)
    {
        ArgumentNullException.ThrowIfNull(location);
        if (!IsValid(location)) throw new ArgumentException("Not a location of this store.", nameof(location));
        return (FromHex(location[0]) << 4) | FromHex(location[1]);
    }

    /// <summary>The name of a folder by its number.</summary>
    public static string FolderName(int folder) => folder.ToString("x2", System.Globalization.CultureInfo.InvariantCulture);

    private static int FromHex(char digit) => digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

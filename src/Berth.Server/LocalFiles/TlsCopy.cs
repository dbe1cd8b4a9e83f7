using Berth.Oci;
using Berth.Storage.FileSystem;

namespace Berth.Server.LocalFiles;

/// <summary>
/// Copies the certificates and keys of a data folder into another, all or none: a certificate beside another one's key would be of no use. What
/// is new is laid beside what is there and changes places with it by two renames; between them it stands whole under its first name, where a
/// later copy finds it.
/// </summary>
internal static class TlsCopy
{
    /// <summary>What is new is durable, beside what is there.</summary>
    public const string Laid = "tls.laid";

    /// <summary>What was there is aside, and what is new not yet in its place.</summary>
    public const string Aside = "tls.aside";

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Copies them; what was there is replaced. Nothing happens where there are none.</summary>
    /// <exception cref="IOException">They cannot be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be read or written.</exception>
    public static async Task CopyAsync(string from, string to, ISteps steps)
    {
        if (WholeIn(from) is not { } source) return;

        var (place, next, old) = (Place(to), Next(to), Path.Combine(to, "tls.old"));
        Recover(to);
        Remove(old);
        Remove(next);
        Lay(source, Path.Combine(to, "tls.partial"), next);
        DurableDirectory.Sync(to);
        await steps.ReachAsync(Laid);

        if (Directory.Exists(place)) Directory.Move(place, old);
        await steps.ReachAsync(Aside);

        Directory.Move(next, place);
        DurableDirectory.Sync(to);
        Remove(old);
    }

    /// <summary>Puts into place what a copy that was ended between its two renames left beside it.</summary>
    /// <exception cref="IOException">It cannot be renamed.</exception>
    public static void Recover(string data)
    {
        if (!Directory.Exists(Place(data)) && Directory.Exists(Next(data))) Directory.Move(Next(data), Place(data));
    }

    private static string Place(string data) => Path.Combine(data, "tls");

    private static string Next(string data) => Path.Combine(data, "tls.next");

    private static string? WholeIn(string data) => ((string[])[Place(data), Next(data)]).FirstOrDefault(Directory.Exists);

    private static void Lay(string source, string partial, string target)
    {
        Remove(partial);
        Directory.CreateDirectory(partial, Private);
        foreach (var file in Directory.EnumerateFiles(source))
        {
            var copy = Path.Combine(partial, Path.GetFileName(file));
            File.Copy(file, copy);
            using var stream = new FileStream(copy, FileMode.Open, FileAccess.ReadWrite);
            stream.Flush(flushToDisk: true);
        }

        DurableDirectory.Sync(partial);
        Directory.Move(partial, target);
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }
}

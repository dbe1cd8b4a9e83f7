using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Berth.Cli.Session;

/// <summary>A JSON file that nobody but its user may read: in the folder that BERTH_CONFIG_DIR names, or in <c>~/.berth</c>.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly TimeSpan LockLimit = TimeSpan.FromSeconds(60);

    // EWOULDBLOCK, by which another process's lock shows; every other failure stays one, however long one waits.
    private static readonly int LockedByAnother = OperatingSystem.IsMacOS() ? 35 : 11;

    /// <summary>The folder.</summary>
    public static string Folder => Environment.GetEnvironmentVariable("BERTH_CONFIG_DIR") is { Length: > 0 } folder
        ? folder
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".berth");

    /// <summary>The path of a file.</summary>
    public static string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>What a file holds, or null when there is none.</summary>
    /// <exception cref="JsonException">It cannot be understood.</exception>
    /// <exception cref="ClientException">It may not be read.</exception>
    public static async Task<T?> ReadAsync<T>(string name, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            await using var file = File.OpenRead(PathOf(name));
            return await JsonSerializer.DeserializeAsync(file, type, cancellationToken) ?? throw new JsonException();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            throw new ClientException($"{PathOf(name)} may not be read by this user; set BERTH_CONFIG_DIR to a folder of your own.");
        }
    }

    /// <summary>Writes a file, whole or not at all.</summary>
    /// <exception cref="ClientException">It cannot be written.</exception>
    public static async Task WriteAsync<T>(string name, T value, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var draft = $"{PathOf(name)}.{Environment.ProcessId}";
        try
        {
            CreateFolder();
            await using (var file = Open(draft, FileMode.Create, FileShare.Read))
                await JsonSerializer.SerializeAsync(file, value, type, cancellationToken);
            File.Move(draft, PathOf(name), overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(draft)) File.Delete(draft);
            throw Unwritable(e);
        }
    }

    /// <summary>Waits until no other process changes the files; what is returned lets the next one.</summary>
    /// <exception cref="ClientException">Another one does for a minute, or the folder cannot be written to.</exception>
    public static async Task<IDisposable> LockAsync(CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                CreateFolder();
                return Open(PathOf("lock"), FileMode.OpenOrCreate, FileShare.None);
            }
            catch (IOException e) when (e.HResult == LockedByAnother)
            {
                if (TimeProvider.System.GetElapsedTime(start) >= LockLimit)
                    throw new ClientException($"another berth holds {PathOf("lock")} for a minute; end it, and try again.");
                await Task.Delay(TimeSpan.FromMilliseconds(25), cancellationToken);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw Unwritable(e);
            }
        }
    }

    private static ClientException Unwritable(Exception e) => e is UnauthorizedAccessException
        ? new ClientException($"{Folder} may not be written to; set BERTH_CONFIG_DIR to a folder of your own.")
        : new ClientException($"{Folder} cannot be written to: {e.Message.TrimEnd('.')}. Mend that, or set BERTH_CONFIG_DIR to another folder.");

    private static void CreateFolder()
    {
        if (OperatingSystem.IsWindows()) throw new ClientException("secrets are kept on Linux and macOS only, where a file's mode keeps others out.");
        Directory.CreateDirectory(Folder, OwnerOnly | UnixFileMode.UserExecute);
    }

    private static FileStream Open(string path, FileMode mode, FileShare share)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = share };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
        return new FileStream(path, options);
    }
}

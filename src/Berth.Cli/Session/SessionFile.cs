using System.Text.Json;

namespace Berth.Cli.Session;

/// <summary>The file that a session stands in, which nobody but its user may read: in the folder that BERTH_CONFIG_DIR names, or in <c>~/.berth</c>.</summary>
internal static class SessionFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static string Folder => Environment.GetEnvironmentVariable("BERTH_CONFIG_DIR") is { Length: > 0 } folder
        ? folder
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".berth");

    private static string FilePath => Path.Combine(Folder, "session.json");

    /// <summary>The session.</summary>
    /// <exception cref="ClientException">Nobody is signed in, or the file cannot be read.</exception>
    public static async Task<SessionState> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var file = File.OpenRead(FilePath);
            return await JsonSerializer.DeserializeAsync(file, SessionJson.Default.SessionState, cancellationToken) ?? throw new JsonException();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ClientException("nobody is signed in; run ./berth login --endpoint URL --username NAME.");
        }
        catch (JsonException)
        {
            throw new ClientException($"the session in {FilePath} cannot be read; sign in again with ./berth login.");
        }
        catch (UnauthorizedAccessException)
        {
            throw new ClientException($"the session in {FilePath} may not be read by this user; set BERTH_CONFIG_DIR to a folder of your own.");
        }
    }

    /// <summary>Writes the session, whole or not at all.</summary>
    /// <exception cref="ClientException">The file cannot be written.</exception>
    public static async Task WriteAsync(SessionState state, CancellationToken cancellationToken)
    {
        try
        {
            if (OperatingSystem.IsWindows()) throw new ClientException("sessions are kept on Linux and macOS only, where a file's mode keeps others out.");
            Directory.CreateDirectory(Folder, OwnerOnly | UnixFileMode.UserExecute);
            var draft = $"{FilePath}.{Environment.ProcessId}";
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
            await using (var file = new FileStream(draft, options))
                await JsonSerializer.SerializeAsync(file, state, SessionJson.Default.SessionState, cancellationToken);
            File.Move(draft, FilePath, overwrite: true);
        }
        catch (UnauthorizedAccessException)
        {
            throw new ClientException($"{Folder} may not be written to; set BERTH_CONFIG_DIR to a folder of your own.");
        }
    }

    /// <summary>Forgets the session; false when there was none.</summary>
    public static bool Delete()
    {
        if (!File.Exists(FilePath)) return false;
        File.Delete(FilePath);
        return true;
    }
}

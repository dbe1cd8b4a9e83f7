using System.Text.Json;

namespace Berth.Cli.Session;

/// <summary>The file that a session stands in.</summary>
internal static class SessionFile
{
    private const string Name = "session.json";

    /// <summary>The session.</summary>
    /// <exception cref="ClientException">Nobody is signed in, or the file cannot be read.</exception>
    public static async Task<SessionState> ReadAsync(CancellationToken cancellationToken) =>
        await FindAsync(cancellationToken) ?? throw new ClientException("nobody is signed in; run ./berth login --endpoint URL --username NAME.");

    /// <summary>The session, or null when nobody is signed in.</summary>
    /// <exception cref="ClientException">The file cannot be read.</exception>
    public static async Task<SessionState?> FindAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await PrivateFile.ReadAsync(Name, SessionJson.Default.SessionState, cancellationToken);
        }
        catch (JsonException)
        {
            throw new ClientException($"the session in {PrivateFile.PathOf(Name)} cannot be read; sign in again with ./berth login.");
        }
    }

    /// <summary>Writes the session, whole or not at all, for the one who holds <see cref="PrivateFile.LockAsync"/>.</summary>
    /// <exception cref="ClientException">The file cannot be written.</exception>
    public static Task WriteAsync(SessionState state, CancellationToken cancellationToken) =>
        PrivateFile.WriteAsync(Name, state, SessionJson.Default.SessionState, cancellationToken);

    /// <summary>Forgets the session; false when there was none.</summary>
    /// <exception cref="ClientException">Another program changes it all the time.</exception>
    public static async Task<bool> DeleteAsync(CancellationToken cancellationToken)
    {
        var path = PrivateFile.PathOf(Name);
        if (!File.Exists(path)) return false;

        // One that renews the tokens meanwhile would write the session back.
        using var held = await PrivateFile.LockAsync(cancellationToken);
        File.Delete(path);
        return true;
    }
}

namespace Berth.Cli.Session;

/// <summary>Renews a session's tokens, one process at a time: a refresh token is good once, and a second use of it would end the sign-in.</summary>
internal static class SessionTokens
{
    /// <summary>The session with a token for the resource that is good for some minutes; what is new stands in the file, too.</summary>
    /// <exception cref="ClientException">There is none to be had any more.</exception>
    public static async Task<SessionState> RenewAsync(Authority authority, SessionState state, string resource, CancellationToken cancellationToken)
    {
        if (authority.IsFresh(state, resource)) return state;
        using var held = await PrivateFile.LockAsync(cancellationToken);
        var newest = await SessionFile.ReadAsync(cancellationToken);
        if (newest.Endpoint != state.Endpoint || newest.UserName != state.UserName) throw new ClientException("somebody else signed in meanwhile; run the command again.");
        var renewed = await authority.RenewAsync(newest, resource, cancellationToken);
        if (!ReferenceEquals(renewed, newest)) await SessionFile.WriteAsync(renewed, cancellationToken);
        return renewed;
    }
}

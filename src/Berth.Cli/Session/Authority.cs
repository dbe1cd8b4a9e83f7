using System.Net;
using System.Text.Json;

namespace Berth.Cli.Session;

/// <summary>Gets access tokens of the installation's authority, and remembers them in the session.</summary>
internal sealed class Authority(HttpClient client, TimeProvider time)
{
    // The program that az is, which every authority knows; the token is for the person, not for it.
    private const string ClientId = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    /// <summary>The session of whoever's password or secret this is.</summary>
    /// <exception cref="ClientException">They are not good.</exception>
    public Task<SessionState> SignInAsync(SessionState state, string? password, CancellationToken cancellationToken) => state.IsServicePrincipal
        ? AskAsync(state, state.ArmEndpoint, SecretForm(state), cancellationToken)
        : AskAsync(
            state, state.ArmEndpoint, [new("grant_type", "password"), new("client_id", ClientId), new("username", state.UserName), new("password", password!)],
            cancellationToken);

    /// <summary>Whether the session has a token for the resource that is good for some minutes.</summary>
    public bool IsFresh(SessionState state, string resource) => state.AccessTokens.TryGetValue(resource, out var known) && known.Until - Margin > time.GetUtcNow();

    /// <summary>The session with a token for the resource that is good for some minutes.</summary>
    /// <exception cref="ClientException">There is none to be had any more.</exception>
    public async Task<SessionState> RenewAsync(SessionState state, string resource, CancellationToken cancellationToken)
    {
        if (IsFresh(state, resource)) return state;
        if (!state.IsServicePrincipal && state.RefreshToken is null) throw SignedOut("the authority gave no refresh token");
        try
        {
            return await AskAsync(
                state, resource, state.IsServicePrincipal
                    ? SecretForm(state)
                    : [new("grant_type", "refresh_token"), new("client_id", ClientId), new("refresh_token", state.RefreshToken!)],
                cancellationToken);
        }
        catch (ClientException e) when (e.Status is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized)
        {
            throw SignedOut(e.Message);
        }
    }

    private static KeyValuePair<string, string>[] SecretForm(SessionState state) =>
        [new("grant_type", "client_credentials"), new("client_id", state.UserName), new("client_secret", state.Secret!)];

    private async Task<SessionState> AskAsync(
        SessionState state, string resource, IEnumerable<KeyValuePair<string, string>> form, CancellationToken cancellationToken)
    {
        var scope = $"{resource}/.default" + (state.IsServicePrincipal ? "" : " openid offline_access");
        using var content = new FormUrlEncodedContent([.. form, new("scope", scope)]);
        var answer = await Wire.SendAsync(client, HttpMethod.Post, new Uri($"{state.LoginEndpoint}/adfs/oauth2/token"), null, content, cancellationToken);
        var seconds = answer.TryGetProperty("expires_in", out var lifetime) && lifetime.ValueKind == JsonValueKind.Number ? lifetime.GetDouble() : 0;
        return state with
        {
            RefreshToken = state.IsServicePrincipal ? null : answer.Text("refresh_token") ?? state.RefreshToken,
            AccessTokens = new(state.AccessTokens) { [resource] = new(answer.Required("access_token"), time.GetUtcNow().AddSeconds(seconds)) },
        };
    }

    private static ClientException SignedOut(string why) => new($"the sign-in is good no more: {why} Run ./berth login again.");
}

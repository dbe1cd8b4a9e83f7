using Berth.Cli.Session;

namespace Berth.Cli.Credentials;

/// <summary>Exchanges the account that is signed in for a credential that is good at one registry, for some hours.</summary>
internal static class RegistrySignIn
{
    /// <summary>The user name that refresh tokens are the password of.</summary>
    public const string TokenUser = "00000000-0000-0000-0000-000000000000";

    // The least that a registry takes: a token that opens no control plane and no directory.
    private const string Resource = "https://containerregistry.azure.net";

    /// <summary>A registry's refresh token.</summary>
    /// <exception cref="ClientException">The account is signed in no more, or the registry refused.</exception>
    public static async Task<StoredCredential> ExchangeAsync(SessionState session, string server, CancellationToken cancellationToken)
    {
        using var client = Wire.Connect();
        var state = await SessionTokens.RenewAsync(new Authority(client, TimeProvider.System), session, Resource, cancellationToken);
        using var form = new FormUrlEncodedContent([new("grant_type", "access_token"), new("access_token", state.AccessTokens[Resource].Token)]);
        var answer = await Wire.SendAsync(client, HttpMethod.Post, new Uri($"https://{server}/oauth2/exchange"), null, form, cancellationToken);
        return new StoredCredential(TokenUser, answer.Required("refresh_token"));
    }
}

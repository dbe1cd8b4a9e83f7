using Berth.Registry.ApiReference;

namespace Berth.Registry.Identity;

/// <summary>What the API's document says of a registry's token service.</summary>
internal static class TokenDescription
{
    private const string Form = "application/x-www-form-urlencoded";

    /// <summary>The calls.</summary>
    public static IEnumerable<ApiCall> Calls =>
    [
        new("token-service.password", "GET", TokenChallenge.Path, ApiPart.RegistryTokens, "Gives an access token for the password in the header, or for nobody what anybody may do.")
        {
            Parameters =
            [
                new("service", "The registry's login server."), new("scope", "What the token is for, such as repository:team/app:pull; may be given several times."),
                new("account", "Taken and not looked at."),
            ],
            Answers = [new ApiAnswer(200, new ApiContent("RegistryAccessToken"))],
        },
        new("token-service.form", "POST", TokenChallenge.Path, ApiPart.RegistryTokens, "Gives an access token for a password or a refresh token of the registry.")
        {
            Body = new ApiContent("RegistryTokenRequest", Form),
            Answers = [new ApiAnswer(200, new ApiContent("RegistryAccessToken"))],
        },
        new("token-service.exchange", "POST", "/oauth2/exchange", ApiPart.RegistryTokens, "Gives a refresh token of the registry for what the authority gave.")
        {
            Body = new ApiContent("RegistryExchangeRequest", Form),
            Answers = [new ApiAnswer(200, new ApiContent("RegistryRefreshToken"))],
        },
    ];
}

using System.Text.Json;
using Azure.Core;

namespace Berth.Storage.AzureBlob;

/// <summary>
/// Tokens for an identity from where the server runs: a workload identity (<c>AZURE_FEDERATED_TOKEN_FILE</c>, as in AKS), a client secret in the environment
/// (<c>AZURE_CLIENT_SECRET</c>), the app's managed identity (<c>IDENTITY_ENDPOINT</c>), or the machine's (the instance metadata service). The SDK keeps tokens until shortly before
/// they end.
/// </summary>
internal sealed class PlatformCredential(string? clientId, TimeProvider time) : TokenCredential
{
    private const string Scope = "https://storage.azure.com/.default";
    private const string Resource = "https://storage.azure.com/";

    private static readonly HttpClient Http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) }) { Timeout = TimeSpan.FromSeconds(20) };

    public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
        GetTokenAsync(requestContext, cancellationToken).AsTask().GetAwaiter().GetResult();

    public override async ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken)
    {
        using var request = await MakeRequestAsync(cancellationToken);
        using var response = await Http.SendAsync(request, cancellationToken);

        // Not the answer's text: it may repeat what was sent.
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"{request.RequestUri!.Host} gave no token for the server's identity: status {(int)response.StatusCode}");
        using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
        var token = answer.RootElement.GetProperty("access_token"u8).GetString()!;
        return new AccessToken(token, EndOf(answer.RootElement));
    }

    private DateTimeOffset EndOf(JsonElement answer)
    {
        // The identity endpoints say it as text, the authority as a number.
        static long Number(JsonElement value) => value.ValueKind == JsonValueKind.String
            ? long.Parse(value.GetString()!, System.Globalization.CultureInfo.InvariantCulture)
            : value.GetInt64();

        return answer.TryGetProperty("expires_on"u8, out var on) ? DateTimeOffset.FromUnixTimeSeconds(Number(on))
            : time.GetUtcNow().AddSeconds(answer.TryGetProperty("expires_in"u8, out var within) ? Number(within) : 300);
    }

    private async Task<HttpRequestMessage> MakeRequestAsync(CancellationToken cancellationToken)
    {
        var client = clientId ?? Variable("AZURE_CLIENT_ID");
        if (client is not null && Variable("AZURE_TENANT_ID") is { } tenant)
        {
            if (Variable("AZURE_FEDERATED_TOKEN_FILE") is { } file)
            {
                using var reader = new StreamReader(file);
                var assertion = await reader.ReadToEndAsync(cancellationToken);
                return AskAuthority(tenant, client, ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_assertion", assertion.Trim()));
            }

            if (Variable("AZURE_CLIENT_SECRET") is { } secret) return AskAuthority(tenant, client, ("client_secret", secret));
        }

        var query = $"resource={Uri.EscapeDataString(Resource)}{(client is null ? "" : $"&client_id={Uri.EscapeDataString(client)}")}";
        if (Variable("IDENTITY_ENDPOINT") is { } endpoint && Variable("IDENTITY_HEADER") is { } header)
            return new HttpRequestMessage(HttpMethod.Get, $"{endpoint}?api-version=2019-08-01&{query}") { Headers = { { "X-IDENTITY-HEADER", header } } };
        return new HttpRequestMessage(HttpMethod.Get, $"http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&{query}")
        {
            Headers = { { "Metadata", "true" } },
        };
    }

    private static HttpRequestMessage AskAuthority(string tenant, string client, params (string Name, string Value)[] proof)
    {
        var authority = (Variable("AZURE_AUTHORITY_HOST") ?? "https://login.microsoftonline.com").TrimEnd('/');
        var form = new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["client_id"] = client, ["scope"] = Scope };
        foreach (var (name, value) in proof) form[name] = value;
        return new HttpRequestMessage(HttpMethod.Post, $"{authority}/{Uri.EscapeDataString(tenant)}/oauth2/v2.0/token") { Content = new FormUrlEncodedContent(form) };
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}

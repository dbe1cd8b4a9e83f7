using System.Net;
using System.Text.Json;
using Berth.Oci;
using Berth.Registry.Network;

namespace Berth.Registry.Identity.Federation;

/// <summary>Fetches what an issuer publishes of itself: its configuration (OpenID Connect Discovery 1.0) and the key set that it names.</summary>
internal sealed class IssuerDocuments(OutboundHttp http)
{
    private const int MostBytes = 256 * 1024;
    private const string WellKnown = "/.well-known/openid-configuration";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>The issuer's keys at this moment.</summary>
    /// <exception cref="FormatException">The issuer is not one that can be asked, or what it says is not usable; the message says how, as part of a sentence.</exception>
    /// <exception cref="OutboundRefusedException">The server does not connect there.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    /// <exception cref="OperationCanceledException">It did not answer in time.</exception>
    public async Task<IssuerKeySet> FetchKeysAsync(string issuer, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(issuer, UriKind.Absolute, out var address) || address.Scheme != Uri.UriSchemeHttps
            || address.Query.Length > 0 || address.Fragment.Length > 0 || address.UserInfo.Length > 0)
            throw new FormatException("it is not an https address without a query");

        using var client = http.CreateClient(MostBytes);
        Uri keys;
        using (var configuration = await FetchAsync(client, new Uri(issuer.TrimEnd('/') + WellKnown), cancellationToken))
            keys = KeysAddress(configuration.RootElement, issuer);
        using var set = await FetchAsync(client, keys, cancellationToken);
        return IssuerKeySet.Read(set.RootElement);
    }

    private static Uri KeysAddress(JsonElement configuration, string issuer)
    {
        // Else one issuer's configuration could stand for another's (Discovery, 4.3).
        if (Text(configuration, "issuer") != issuer) throw new FormatException("its configuration is another issuer's");
        return Uri.TryCreate(Text(configuration, "jwks_uri"), UriKind.Absolute, out var keys) && keys.Scheme == Uri.UriSchemeHttps && keys.UserInfo.Length == 0
            ? keys
            : throw new FormatException("its configuration's jwks_uri is not an https address");
    }

    private static string? Text(JsonElement owner, string name) =>
        owner.ValueKind == JsonValueKind.Object && owner.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static async Task<JsonDocument> FetchAsync(HttpClient client, Uri address, CancellationToken cancellationToken)
    {
        using var answer = await client.GetAsync(address, cancellationToken);
        if (answer.StatusCode != HttpStatusCode.OK) throw new FormatException($"{address.AbsolutePath} answered {(int)answer.StatusCode}");
        try
        {
            return JsonReading.ParseReadable(await answer.Content.ReadAsByteArrayAsync(cancellationToken), Strict)
                ?? throw new FormatException($"{address.AbsolutePath} answered text that cannot be read");
        }
        catch (JsonException)
        {
            throw new FormatException($"{address.AbsolutePath} answered something that is not JSON");
        }
    }
}

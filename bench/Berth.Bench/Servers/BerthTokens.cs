using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Berth.Bench.Servers;

/// <summary>Asks a running Berth as its owner, beside a load: for tokens and settings, and for anything else.</summary>
internal sealed class BerthTokens : IDisposable
{
    // The client id that the Azure CLI signs people in with.
    private const string PublicClient = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

    private readonly HttpClient _http;
    private readonly AuthenticationHeaderValue _owner;
    private readonly JsonDocument _discovery;
    private string? _controlToken;

    /// <summary>A client of a Berth that answers.</summary>
    public BerthTokens(BerthServer berth)
    {
        _http = new HttpClient { BaseAddress = new Uri($"http://{berth.Requests.Target}") };
        _owner = AuthenticationHeaderValue.Parse(berth.Requests.Authorization!);
        _discovery = Ask(new HttpRequestMessage(HttpMethod.Get, "/.well-known/berth"));
        var challenge = _http.Send(new HttpRequestMessage(HttpMethod.Get, "/v2/")).Headers.WwwAuthenticate.ToString();
        Service = challenge.Split("service=\"")[1].Split('"')[0];
    }

    /// <summary>The registry's name as token requests have it.</summary>
    public string Service { get; }

    /// <summary>The values of a metric, added up; the server gives the same ones for some 300 ms.</summary>
    public double ReadMetric(string name)
    {
        using var answer = _http.Send(new HttpRequestMessage(HttpMethod.Get, "/metrics"));
        using var reader = new StreamReader(answer.Content.ReadAsStream());
        var sum = 0.0;
        while (reader.ReadLine() is { } line)
        {
            if (!line.StartsWith(name, StringComparison.Ordinal) || line[name.Length] is not (' ' or '{')) continue;
            var values = line[(line.LastIndexOf('}') is var end and >= 0 ? end + 1 : name.Length)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            sum += double.Parse(values[0], CultureInfo.InvariantCulture);
        }

        return sum;
    }

    /// <summary>A call of the registry, whose answer the caller disposes of.</summary>
    public JsonDocument Ask(HttpMethod method, string path, string? body = null) => Ask(method, path, _owner, body);

    /// <summary>A call with an access token for the control plane.</summary>
    public JsonDocument AskControl(HttpMethod method, string path, string? body = null) =>
        Ask(method, path, new AuthenticationHeaderValue("Bearer", _controlToken ??= ControlToken()), body);

    /// <summary>Lets anybody pull from a repository.</summary>
    public void OpenToAnybody(string repository) => Ask(HttpMethod.Patch, $"/acr/v1/{repository}", """{"anonymousPullEnabled":true}""").Dispose();

    /// <summary>A registry's access token.</summary>
    public string AccessToken(string scope)
    {
        using var answer = Ask(HttpMethod.Get, $"/oauth2/token?service={Service}&scope={scope}");
        return answer.RootElement.GetProperty("access_token").GetString()!;
    }

    /// <summary>The subscription's id.</summary>
    public string SubscriptionId => _discovery.RootElement.GetProperty("subscriptionId").GetString()!;

    /// <summary>Makes a registry; returns its host name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="networks">The networks that alone may reach it; none lets everybody.</param>
    public string CreateRegistry(string name, IReadOnlyList<string> networks)
    {
        var rules = string.Join(',', networks.Select(network => $$"""{"value":"{{network}}"}"""));
        var action = networks.Count == 0 ? "Allow" : "Deny";
        var path = $"/subscriptions/{SubscriptionId}/resourceGroups/default/providers/Microsoft.ContainerRegistry/registries/{name}?api-version=2023-07-01";
        using var made = AskControl(
            HttpMethod.Put, path,
            $$$"""{"location":"local","sku":{"name":"Premium"},"properties":{"networkRuleSet":{"defaultAction":"{{{action}}}","ipRules":[{{{rules}}}]} } }""");
        return made.RootElement.GetProperty("properties").GetProperty("loginServer").GetString()!;
    }

    /// <summary>An access token for the control plane.</summary>
    public string ControlToken()
    {
        var password = Encoding.UTF8.GetString(Convert.FromBase64String(_owner.Parameter!)).Split(':', 2)[1];
        using var signedIn = Post("/adfs/oauth2/token", new()
        {
            ["grant_type"] = "password",
            ["client_id"] = PublicClient,
            ["username"] = "owner",
            ["password"] = password,
            ["scope"] = _discovery.RootElement.GetProperty("armEndpoint").GetString()!.TrimEnd('/') + "/.default",
        });
        return signedIn.RootElement.GetProperty("access_token").GetString()!;
    }

    /// <summary>A registry's refresh token, by the way that the Azure CLI takes: a token of the authority first.</summary>
    public string RefreshToken()
    {
        using var exchanged = Post("/oauth2/exchange", new()
        {
            ["grant_type"] = "access_token",
            ["service"] = Service,
            ["access_token"] = ControlToken(),
        });
        return exchanged.RootElement.GetProperty("refresh_token").GetString()!;
    }

    public void Dispose()
    {
        _discovery.Dispose();
        _http.Dispose();
    }

    private JsonDocument Post(string path, Dictionary<string, string> form) => Ask(new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(form) });

    private JsonDocument Ask(HttpMethod method, string path, AuthenticationHeaderValue credential, string? body) => Ask(new HttpRequestMessage(method, path)
    {
        Headers = { Authorization = credential },
        Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"),
    });

    private JsonDocument Ask(HttpRequestMessage request)
    {
        using var answer = _http.Send(request);
        using var reader = new StreamReader(answer.Content.ReadAsStream());
        var text = reader.ReadToEnd();
        return answer.IsSuccessStatusCode ? JsonDocument.Parse(text.Length == 0 ? "{}" : text) : throw new BenchException($"{request.RequestUri} answered {(int)answer.StatusCode}: {text}");
    }
}

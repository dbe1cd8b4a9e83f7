using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Berth.EndToEnd.Harness;

/// <summary>The control plane and the directory of a server, called as its owner.</summary>
internal sealed class ControlClient : IDisposable
{
    private const string Program = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
    private readonly HttpClient _http;
    private readonly JsonElement _about;
    private string _arm = "", _graph = "";

    private ControlClient(HttpClient http, JsonElement about) => (_http, _about) = (http, about);

    /// <summary>The installation's tenant.</summary>
    public string Tenant => About("tenantId");

    /// <summary>The address of the control plane, which is its tokens' audience.</summary>
    public string Arm => About("armEndpoint").TrimEnd('/');

    /// <summary>The address of the authority.</summary>
    public string Login => About("loginEndpoint").TrimEnd('/');

    /// <summary>The installation's subscription.</summary>
    public string Subscription => About("subscriptionId");

    /// <summary>The scope of a registry in the resource group that every installation has.</summary>
    public string Scope(string registry = "local") =>
        $"/subscriptions/{Subscription}/resourceGroups/default/providers/Microsoft.ContainerRegistry/registries/{registry}";

    /// <summary>Signs the owner in.</summary>
    public static async Task<ControlClient> SignInAsync(Uri address, string user, string password)
    {
        var http = new HttpClient { BaseAddress = address };
        var client = new ControlClient(http, await http.GetFromJsonAsync<JsonElement>("/.well-known/berth"));
        client._arm = await client.PasswordTokenAsync(client.Arm, user, password);
        client._graph = await client.PasswordTokenAsync(client.About("graphEndpoint").TrimEnd('/'), user, password);
        return client;
    }

    /// <summary>A token of the authority for a person.</summary>
    public async Task<string> PasswordTokenAsync(string audience, string user, string password) => Text(
        await FormAsync(
            "/adfs/oauth2/token", ("grant_type", "password"), ("client_id", Program), ("username", user), ("password", password), ("scope", $"{audience}/.default openid")),
        "access_token");

    /// <summary>A registry's refresh token for a token of the authority.</summary>
    public async Task<string> ExchangeAsync(string service, string accessToken) => Text(
        await FormAsync("/oauth2/exchange", ("grant_type", "access_token"), ("service", service), ("access_token", accessToken)), "refresh_token");

    /// <summary>Posts a form; it must be taken.</summary>
    public async Task<JsonElement> FormAsync(string path, params (string Name, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        using var answer = await _http.PostAsync(path, form);
        return await ReadAsync(path, answer);
    }

    /// <summary>Calls the control plane; it must be done.</summary>
    public Task<JsonElement> ArmAsync(string method, string path, object? body = null, string? token = null) =>
        SendAsync(method, $"{path}?api-version=2025-11-01", token ?? _arm, body);

    /// <summary>The id of the node that answers.</summary>
    public async Task<string> NodeIdAsync() => Text(
        (await SendAsync("GET", "/berth/v1/nodes", _arm, null)).GetProperty("nodes").EnumerateArray().Single(node => node.GetProperty("isAnswering").GetBoolean()), "id");

    /// <summary>Calls the directory; it must be done.</summary>
    public Task<JsonElement> GraphAsync(string method, string path, object? body = null) => SendAsync(method, $"/v1.0{path}", _graph, body);

    /// <summary>Gives a role.</summary>
    public Task<JsonElement> AssignAsync(string scope, string role, string principal, string type = "ServicePrincipal", string? condition = null) => ArmAsync(
        "PUT",
        $"{scope}/providers/Microsoft.Authorization/roleAssignments/{Guid.NewGuid()}",
        new
        {
            properties = new Dictionary<string, string>
            {
                ["roleDefinitionId"] = $"/subscriptions/{Subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}",
                ["principalId"] = principal,
                ["principalType"] = type,
            }.Concat(condition is null ? [] : [KeyValuePair.Create("condition", condition), KeyValuePair.Create("conditionVersion", "2.0")]).ToDictionary(),
        });

    /// <summary>Makes a person; returns the object id.</summary>
    public async Task<string> MakePersonAsync(string name, string password) => Text(
        await GraphAsync("POST", "/users", new
        {
            accountEnabled = true,
            displayName = name,
            mailNickname = name.Split('@')[0],
            userPrincipalName = name,
            passwordProfile = new { password, forceChangePasswordNextSignIn = false },
        }),
        "id");

    /// <summary>Makes a service principal.</summary>
    public async Task<(string Application, string ClientId, string Principal)> MakeServicePrincipalAsync(string name)
    {
        var application = await GraphAsync("POST", "/applications", new { displayName = name });
        var principal = await GraphAsync("POST", "/servicePrincipals", new { appId = Text(application, "appId") });
        return (Text(application, "id"), Text(application, "appId"), Text(principal, "id"));
    }

    /// <summary>Gives an application a secret.</summary>
    public async Task<string> AddSecretAsync(string application) => Text(
        await GraphAsync("POST", $"/applications/{application}/addPassword", new { passwordCredential = new { displayName = "test" } }), "secretText");

    /// <summary>Makes a managed identity that trusts the issuer's tokens.</summary>
    public async Task<(string ClientId, string Principal)> MakeIdentityAsync(string name, TestIssuer issuer)
    {
        var path = $"/subscriptions/{Subscription}/resourceGroups/default/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}";
        var identity = (await ArmAsync("PUT", path, new { location = "local" })).GetProperty("properties");
        await ArmAsync(
            "PUT", $"{path}/federatedIdentityCredentials/ci", new { properties = new { issuer = issuer.Name, subject = TestIssuer.Subject, audiences = new[] { TestIssuer.Audience } } });
        return (Text(identity, "clientId"), Text(identity, "principalId"));
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>A text of a JSON object.</summary>
    public static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    private string About(string name) => Text(_about, name);

    private async Task<JsonElement> SendAsync(string method, string path, string token, object? body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await _http.SendAsync(request);
        return await ReadAsync($"{method} {path}", answer);
    }

    private static async Task<JsonElement> ReadAsync(string what, HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{what} -> {(int)answer.StatusCode} {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }
}

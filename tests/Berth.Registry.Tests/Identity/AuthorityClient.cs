using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity;
using Berth.Registry.Tests.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Identity;

/// <summary>A program that talks to the authority of a host, with a person and an application that it knows.</summary>
internal sealed class AuthorityClient : IDisposable
{
    public const string Arm = "https://arm.berth.localhost";
    public const string Graph = "https://graph.berth.localhost";
    public const string Program = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
    public const string Person = "alice";
    public const string Password = "the password of alice";
    public const string TokenPath = "/adfs/oauth2/token";

    private readonly RegistryHost _host;

    private AuthorityClient(RegistryHost host)
    {
        _host = host;
        Http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = true, CookieContainer = new CookieContainer() })
        {
            BaseAddress = host.Client.BaseAddress,
            Timeout = host.Client.Timeout,
        };
    }

    public HttpClient Http { get; }

    public string Secret { get; } = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public string ApplicationId { get; } = "7d3a1f0e-8a39-4c61-9f5e-0f6f9f7f3c11";

    public long ApplicationRow { get; private set; }

    public PrincipalRecord Alice { get; private set; } = null!;

    public static async Task<AuthorityClient> StartAsync(RegistryHost host)
    {
        var client = new AuthorityClient(host);
        var person = new NewPrincipal(PrincipalKind.User, Person, "Alice", PasswordHash: QuickHash.Of(Password));
        client.Alice = (await host.Metadata.CreatePrincipalAsync(person, Caller.System, CancellationToken.None)).Record!;
        var application = new NewPrincipal(PrincipalKind.ServicePrincipal, "robot", "Robot", ClientId: client.ApplicationId);
        client.ApplicationRow = (await host.Metadata.CreatePrincipalAsync(application, Caller.System, CancellationToken.None)).Record!.Id;
        var secret = new CredentialRecord("3c0f7f60-7f2e-4f43-a3ea-6a86d7b8f3a0", CredentialKind.Secret, host.Time.GetUtcNow())
        {
            SecretHash = SHA256.HashData(Encoding.UTF8.GetBytes(client.Secret)),
            ExpiresAt = host.Time.GetUtcNow().AddDays(30),
        };
        await host.Metadata.PutCredentialAsync(client.ApplicationRow, secret, Caller.System, CancellationToken.None);
        return client;
    }

    /// <summary>Asks for the application itself.</summary>
    public Task<Answer> ApplicationAsync(string? secret = null, string scope = $"{Arm}/.default", string path = TokenPath) => PostAsync(
        path, ("grant_type", "client_credentials"), ("client_id", ApplicationId), ("client_secret", secret ?? Secret), ("scope", scope));

    /// <summary>Asks for a person by password.</summary>
    public Task<Answer> PersonAsync(string name = Person, string password = Password, string scope = $"{Arm}/.default openid profile offline_access") => PostAsync(
        TokenPath, ("grant_type", "password"), ("client_id", Program), ("username", name), ("password", password), ("scope", scope));

    /// <summary>Renews a sign-in.</summary>
    public Task<Answer> RefreshAsync(string token, string clientId = Program, string scope = $"{Arm}/.default openid profile offline_access") => PostAsync(
        TokenPath, ("grant_type", "refresh_token"), ("client_id", clientId), ("refresh_token", token), ("scope", scope));

    public async Task<Answer> PostAsync(string path, params (string Name, string Value)[] fields) =>
        await Answer.ReadAsync(await Http.PostAsync(path, new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value)))));

    public async Task<Answer> GetAsync(string path) => await Answer.ReadAsync(await Http.GetAsync(path));

    /// <summary>Whom the control plane takes the token's bearer for.</summary>
    public async Task<string?> BearerAsync(string token, string audience = Arm)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Authorization = $"Bearer {token}";
        return (await _host.Services.GetRequiredService<ControlAuthenticator>().AuthenticateAsync(context, audience))?.Name;
    }

    public void Dispose() => Http.Dispose();
}

/// <summary>A JSON answer.</summary>
internal sealed record Answer(HttpStatusCode Status, JsonElement Json, HttpResponseMessage Message)
{
    public string this[string name] => Json.GetProperty(name).ToString();

    public (HttpStatusCode Status, string Error) Refusal => (Status, this["error"]);

    public static async Task<Answer> ReadAsync(HttpResponseMessage message) =>
        new(message.StatusCode, JsonDocument.Parse(await message.Content.ReadAsStringAsync()).RootElement, message);

    public bool Has(string name) => Json.TryGetProperty(name, out _);

    public JsonElement Claims(string name) => JsonDocument.Parse(Base64Url.DecodeFromChars(this[name].Split('.')[1])).RootElement;
}

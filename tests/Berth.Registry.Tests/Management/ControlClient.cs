using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Management;

/// <summary>A client of the control plane with a token of one principal.</summary>
internal sealed class ControlClient(HttpClient client) : IDisposable
{
    public const string Subscription = "/subscriptions/subscription";
    public const string Group = Subscription + "/resourceGroups/default";
    public const string Registries = Group + "/providers/Microsoft.ContainerRegistry/registries";
    public const string Local = Registries + "/local";
    public const string Identities = Group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities";
    public const string AcrPull = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
    public const string Reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
    public const string Contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c";
    public const string AccessAdministrator = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";

    /// <summary>The access token of the principal.</summary>
    public string Token => client.DefaultRequestHeaders.Authorization!.Parameter!;

    public static Task<ControlClient> OfOwnerAsync(RegistryHost host) => OfAsync(host, OwnerAccount.Name);

    public static async Task<ControlClient> OfAsync(RegistryHost host, string name)
    {
        var record = await host.Metadata.FindPrincipalAsync(name, CancellationToken.None);
        var token = await host.Services.GetRequiredService<AuthorityTokens>().IssueAsync(record!, "https://arm.berth.localhost", null, CancellationToken.None);
        var client = new HttpClient { BaseAddress = host.Client.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return new ControlClient(client);
    }

    /// <summary>A person without a role, and a client with its token.</summary>
    public static async Task<(ControlClient Client, string ObjectId)> NewUserAsync(RegistryHost host, string name)
    {
        var made = await host.Metadata.CreatePrincipalAsync(new NewPrincipal(PrincipalKind.User, name, name), Caller.System, CancellationToken.None);
        return (await OfAsync(host, name), made.Record!.ObjectId);
    }

    public async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(string method, string path, string? body = null)
    {
        using var response = await SendRawAsync(method, path.Contains('?') ? path + "&api-version=2023-07-01" : path + "?api-version=2023-07-01", body);
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }

    public Task<HttpResponseMessage> SendRawAsync(string method, string target, string? body = null) => client.SendAsync(
        new HttpRequestMessage(new HttpMethod(method), new Uri($"{client.BaseAddress!.GetLeftPart(UriPartial.Authority)}{target}")) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") });

    /// <summary>The body of an answer that has the status.</summary>
    public async Task<JsonElement> ExpectAsync(HttpStatusCode status, string method, string path, string? body = null)
    {
        var (found, answer) = await SendAsync(method, path, body);
        Assert.True(status == found, $"{method} {path}: {(int)found} {answer}");
        return answer;
    }

    /// <summary>Expects an error and gives its message.</summary>
    public async Task<string> ExpectErrorAsync(int status, string code, string method, string path, string? body = null)
    {
        var (found, answer) = await SendAsync(method, path, body);
        Assert.True(answer.ValueKind == JsonValueKind.Object, $"{method} {path}: {(int)found} without a body");
        Assert.Equal((status, code), ((int)found, answer.GetProperty("error").GetProperty("code").GetString()));
        return answer.GetProperty("error").GetProperty("message").GetString()!;
    }

    /// <summary>Assigns a role and gives the assignment's path.</summary>
    public async Task<string> AssignAsync(string scope, string role, string principalId, string type = "User")
    {
        var path = $"{scope}/providers/Microsoft.Authorization/roleAssignments/{Guid.NewGuid()}";
        await ExpectAsync(HttpStatusCode.Created, "PUT", path, AssignmentOf(role, principalId, type));
        return path;
    }

    public static string AssignmentOf(string role, string principalId, string type = "User", string more = "") => $$"""
        {"properties":{"roleDefinitionId":"{{Subscription}}/providers/Microsoft.Authorization/roleDefinitions/{{role}}","principalId":"{{principalId}}","principalType":"{{type}}"{{more}} } }
        """;

    public void Dispose() => client.Dispose();
}

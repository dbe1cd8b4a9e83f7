using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Registry.Identity;
using Berth.Registry.Identity.Authorization;
using Berth.Registry.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Berth.Registry.Tests.Identity;

/// <summary>A client of the directory with somebody's token.</summary>
internal sealed class GraphClient(HttpClient client) : IDisposable
{
    /// <summary>With a token of the principal of this name.</summary>
    public static async Task<GraphClient> OfAsync(RegistryHost host, string name = OwnerAccount.Name)
    {
        var record = (await host.Metadata.FindPrincipalAsync(name, CancellationToken.None))!;
        var tokens = host.Services.GetRequiredService<AuthorityTokens>();
        return With(host, await tokens.IssueAsync(record, host.Services.GetRequiredService<PublicNames>().GraphEndpoint, null, CancellationToken.None));
    }

    /// <summary>With any token, or none.</summary>
    public static GraphClient With(RegistryHost host, string? token)
    {
        var client = new HttpClient { BaseAddress = host.Client.BaseAddress };
        if (token is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return new GraphClient(client);
    }

    /// <summary>Makes a person and gives it a role in the subscription, or none.</summary>
    public static async Task<GraphClient> OfNewAsync(RegistryHost host, string name, string? role)
    {
        var made = await host.Metadata.SetPasswordAsync(name, QuickHash.Of("a password of its own"), Caller.System, CancellationToken.None);
        if (role is not null)
        {
            var assignment = new RoleAssignmentRecord(
                Guid.NewGuid().ToString(), ResourceScope.OfSubscription("subscription"), BuiltInRoles.Find(role)!.Id.ToString(), made.Id);
            await host.Metadata.PutRoleAssignmentAsync(assignment, Caller.System, CancellationToken.None);
        }

        return await OfAsync(host, name);
    }

    /// <summary>What the directory answers.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(string method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }

    /// <summary>What the directory answers to something that must go well.</summary>
    public async Task<JsonElement> GoodAsync(string method, string path, string? body = null)
    {
        var (status, answer) = await SendAsync(method, path, body);
        Assert.True((int)status < 300, $"{method} {path}: {status} {(answer.ValueKind == JsonValueKind.Undefined ? "" : answer.GetRawText())}");
        return answer;
    }

    /// <summary>The status, Graph's code and the message of something that must be refused.</summary>
    public async Task<(int Status, string Code, string Message)> RefusedAsync(string method, string path, string? body = null)
    {
        var (status, answer) = await SendAsync(method, path, body);
        Assert.True((int)status >= 400, $"{method} {path}: {status}");
        var error = answer.GetProperty("error");
        return ((int)status, error.GetProperty("code").GetString()!, error.GetProperty("message").GetString()!);
    }

    /// <summary>Makes something and gives its object id.</summary>
    public async Task<string> MakeAsync(string path, string body) => (await GoodAsync("POST", path, body)).GetProperty("id").GetString()!;

    public void Dispose() => client.Dispose();
}

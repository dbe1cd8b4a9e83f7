using System.Net;
using System.Text;
using System.Text.Json;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Lifecycle;

/// <summary>The requests about quarantine that its tests are made of.</summary>
internal static class QuarantineClient
{
    /// <summary>Somebody with these roles at the registry.</summary>
    public static async Task<HttpClient> PrincipalAsync(RegistryHost host, string name, params string[] roles)
    {
        var client = await host.SignedInAsync(name);
        foreach (var role in roles) await host.AssignAsync(name, role);
        return client;
    }

    /// <summary>Sets something apart; the answer.</summary>
    public static async Task<JsonElement> SetAsync(RegistryHost host, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await host.Client.PutAsync(new Uri($"/berth/v1/quarantine/{path}", UriKind.Relative), content);
        var set = await BodyAsync(answer);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{path}: {answer.StatusCode} {set}");
        return set;
    }

    /// <summary>Sends a request without a body.</summary>
    public static Task<HttpResponseMessage> SendAsync(HttpClient client, string method, string path) => client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));

    /// <summary>The JSON of an answer.</summary>
    public static async Task<JsonElement> BodyAsync(HttpResponseMessage answer)
    {
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return document.RootElement.Clone();
    }
}

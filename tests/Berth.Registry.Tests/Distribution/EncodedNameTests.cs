using System.Globalization;
using Berth.Registry.Tests.Artifacts;
using Berth.Registry.Tests.Hosting;
using Berth.Testing;

namespace Berth.Registry.Tests.Distribution;

/// <summary>Names with an encoded slash at the APIs beside <c>/v2</c>: encoded once it is a slash, encoded twice it is none.</summary>
public sealed class EncodedNameTests
{
    [Theory]
    [InlineData("/acr/v1/{0}")]
    [InlineData("/acr/v1/{0}/_tags")]
    [InlineData("/acr/v1/{0}/_tags/v1")]
    [InlineData("/acr/v1/{0}/_manifests")]
    [InlineData("/berth/v1/usage/repositories/{0}")]
    [InlineData("/berth/v1/usage/history/{0}")]
    public async Task A_slash_that_is_encoded_twice_leads_to_no_repository(string path)
    {
        await using var host = await RegistryHost.StartAsync();
        await ArtifactClient.PushAsync(host, "team/app", "a layer", "v1");

        foreach (var name in (string[])["team/app", "team%2Fapp", "team%2fapp"]) (await SendAsync(host, "GET", At(path, name) + "?other=%25")).Expect(200);
        foreach (var name in (string[])["team%252Fapp", "team%252fapp", "team%25252Fapp"]) (await SendAsync(host, "GET", At(path, name))).ExpectError(404, "NAME_UNKNOWN");
    }

    [Fact]
    public async Task Nothing_is_changed_by_a_name_that_is_encoded_twice()
    {
        await using var host = await RegistryHost.StartAsync();
        await ArtifactClient.PushAsync(host, "team/app", "a layer", "v1");

        (await SendAsync(host, "DELETE", "/acr/v1/team%252Fapp")).ExpectError(404, "NAME_UNKNOWN");
        (await SendAsync(host, "PUT", "/berth/v1/quarantine/repositories/team%252Fapp", """{"reason":"none"}"""u8.ToArray())).ExpectError(404, "NAME_UNKNOWN");
        (await SendAsync(host, "PUT", "/berth/v1/quotas/repositories/team%252Fapp", """{"limit":0}"""u8.ToArray())).ExpectError(404, "NAME_UNKNOWN");

        (await SendAsync(host, "GET", "/v2/team/app/manifests/v1")).Expect(200);
        (await SendAsync(host, "DELETE", "/acr/v1/team%2Fapp")).Expect(202);
    }

    private static string At(string path, string name) => string.Format(CultureInfo.InvariantCulture, path, name);

    private static Task<Reply> SendAsync(RegistryHost host, string method, string target, byte[]? body = null) =>
        RawConnection.ExchangeAsync(host.Endpoint, method, target, body, ("Authorization", host.Endpoint.PasswordHeader));
}

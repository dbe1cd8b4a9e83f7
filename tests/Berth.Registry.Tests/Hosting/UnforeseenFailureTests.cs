using System.Net;
using System.Text.Json;

namespace Berth.Registry.Tests.Hosting;

/// <summary>What nobody foresaw is answered in the shape of every other error, and says where to look.</summary>
public sealed class UnforeseenFailureTests
{
    [Theory]
    [InlineData("tag_rules", "/berth/v1/tag-rules")]
    [InlineData("security_facts", "/berth/v1/quarantine/digests")]
    [InlineData("workloads", "/berth/v1/workloads")]
    [InlineData("lifecycle_rules", "/berth/v1/lifecycle/rules")]
    public async Task A_request_that_fails_for_a_reason_of_the_registrys_own_is_answered_with_its_id(string table, string path)
    {
        await using var host = await RegistryHost.StartAsync();
        await host.TamperAsync($"ALTER TABLE {table} RENAME TO lost");

        using var answer = await host.Client.GetAsync(new Uri(path, UriKind.Relative));

        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        var error = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("errors")[0];
        Assert.Equal("UNKNOWN", error.GetProperty("code").GetString());
        Assert.Contains("under request id", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }
}

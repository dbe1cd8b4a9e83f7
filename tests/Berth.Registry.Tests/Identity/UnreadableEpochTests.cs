using System.Net;
using Berth.Metadata.Tests.Sqlite.Faults;
using Berth.Registry.Tests.Hosting;
using Berth.Registry.Tests.Identity.Matrix;

namespace Berth.Registry.Tests.Identity;

/// <summary>A metadata database that cannot be read: whether a credential still holds is not known then, however well it is remembered.</summary>
public sealed class UnreadableEpochTests
{
    [Fact]
    public async Task Nobody_is_let_in_while_no_epoch_can_be_read_and_everybody_is_afterwards()
    {
        var volume = new FaultyVolume();
        await using var host = await RegistryHost.StartAsync(volume: volume);
        using var bearer = host.BearerOf(await MatrixHost.TokenAsync(host.Client, null, "repository:team/app:pull"));
        using var password = await host.SignedInAsync("ann@example.test");
        foreach (var client in (HttpClient[])[bearer, password]) Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v2/")).StatusCode);

        // A change from elsewhere: what the engine keeps in memory is old then, and it must read the file.
        await host.TamperAsync("UPDATE principals SET display_name = display_name || ' the Second'");
        volume.FailReads();
        foreach (var client in (HttpClient[])[bearer, password])
        {
            foreach (var path in (string[])["/v2/", "/v2/team/app/manifests/1", "/acr/v1/_catalog"])
            {
                using var answer = await client.GetAsync(path);
                Assert.Equal((path, HttpStatusCode.ServiceUnavailable), (path, answer.StatusCode));
                Assert.NotNull(answer.Headers.RetryAfter);
            }
        }

        volume.MendReads();
        foreach (var client in (HttpClient[])[bearer, password]) Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v2/")).StatusCode);
    }
}

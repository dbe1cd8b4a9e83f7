using System.Net;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Identity;

/// <summary>What somebody who proves nothing learns about an application that is disabled.</summary>
public sealed class DisabledApplicationTests
{
    [Fact]
    public async Task Without_a_proof_it_is_refused_as_an_enabled_one_with_a_secret_is()
    {
        await using var host = await RegistryHost.StartAsync();
        using var client = await AuthorityClient.StartAsync(host);
        var bare = Guid.NewGuid().ToString();
        var made = await host.Metadata.CreatePrincipalAsync(
            new NewPrincipal(PrincipalKind.ServicePrincipal, "bare", "Bare", ClientId: bare), Caller.System, CancellationToken.None);
        var enabled = await AskAsync(client, client.ApplicationId);
        foreach (var row in new[] { client.ApplicationRow, made.Record!.Id })
            await host.Metadata.UpdatePrincipalAsync(row, new PrincipalChanges(Enabled: false), Caller.System, CancellationToken.None);

        foreach (var answer in new[] { await AskAsync(client, client.ApplicationId), await AskAsync(client, bare) })
        {
            Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), answer.Refusal);
            Assert.Equal((enabled["error_codes"], enabled["error_description"]), (answer["error_codes"], answer["error_description"]));
        }
    }

    private static Task<Answer> AskAsync(AuthorityClient client, string id) => client.PostAsync(
        AuthorityClient.TokenPath, [("grant_type", "client_credentials"), ("client_id", id), ("scope", $"{AuthorityClient.Arm}/.default")]);
}

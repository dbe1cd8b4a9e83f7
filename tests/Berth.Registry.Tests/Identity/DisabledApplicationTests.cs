using System.Net;
using Berth.Metadata;
using Berth.Registry.Tests.Hosting;

namespace Berth.Registry.Tests.Identity;

/// <summary>What somebody who proves nothing learns about an application that is disabled.</summary>
public sealed class DisabledApplicationTests
{
    [Fact]
    public async Task Without_a_proof_it_is_refused_as_an_enabled_one_is_or_as_with_a_wrong_secret()
    {
        await using var host = await RegistryHost.StartAsync();
        using var client = await AuthorityClient.StartAsync(host);
        var bare = Guid.NewGuid().ToString();
        var made = await host.Metadata.CreatePrincipalAsync(
            new NewPrincipal(PrincipalKind.ServicePrincipal, "bare", "Bare", ClientId: bare), Caller.System, CancellationToken.None);
        var enabled = await AskAsync(client, client.ApplicationId);
        var wrong = await AskAsync(client, bare, ("client_secret", "not the secret"));
        foreach (var row in new[] { client.ApplicationRow, made.Record!.Id })
            await host.Metadata.UpdatePrincipalAsync(row, new PrincipalChanges(Enabled: false), Caller.System, CancellationToken.None);

        foreach (var (expected, answer) in new[] { (enabled, await AskAsync(client, client.ApplicationId)), (wrong, await AskAsync(client, bare)) })
        {
            Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), answer.Refusal);
            Assert.Equal((expected["error_codes"], expected["error_description"]), (answer["error_codes"], answer["error_description"]));
        }
    }

    private static Task<Answer> AskAsync(AuthorityClient client, string id, params (string Name, string Value)[] proof) => client.PostAsync(
        AuthorityClient.TokenPath, [("grant_type", "client_credentials"), ("client_id", id), ("scope", $"{AuthorityClient.Arm}/.default"), .. proof]);
}

using System.Text.Json;
using System.Text.Json.Nodes;
using Berth.EndToEnd.Harness;
using Berth.Testing;
using Berth.Testing.ObjectServers;

namespace Berth.EndToEnd.ObjectStores;

/// <summary>An installation that moves out of its data folder, with the real program, killed on its way.</summary>
public abstract class MigrateTests<TFixture>(TFixture fixture) : EndToEndTest<TFixture>(fixture, onlyEmbedded: true)
    where TFixture : ObjectStoreFixture
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <inheritdoc/>
    public override ValueTask InitializeAsync()
    {
        ObjectStore.Require(Fixture.LackingStore);
        return base.InitializeAsync();
    }

    [Fact]
    public async Task An_installation_moves_while_it_serves_goes_on_after_each_kill_and_is_served_by_two_nodes_as_it_was()
    {
        await using var target = await MigrationTarget.CreateAsync(Fixture);
        var (data, cli) = (Fixture.Server.Data, new BerthClient(Fixture, NewFolder("client")));
        await cli.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
        var token = await FurnishAsync(cli);
        var bearer = await Fixture.Endpoint.AuthorizeForAsync("repository:shop/app:pull");

        // Bytes go ahead while others come; whoever was killed goes on.
        using (var ending = new CancellationTokenSource())
        {
            var load = PushUntilAsync(ending.Token);
            Assert.True(await KillAtAsync("copying blobs: 30 %", target, "migrate", "--data", data), "It ended before it could be killed.");
            var prepared = (await BerthAsync(target, "migrate", "--data", data)).Succeeded();
            Assert.DoesNotContain(" 0 were there already", prepared.Output, StringComparison.Ordinal);
            Assert.Contains("Prepared.", prepared.Output, StringComparison.Ordinal);
            await ending.CancelAsync();
            await load;
        }

        ExpectRefused(await BerthAsync(target, "migrate", "--data", data, "--finish"), $"process {Fixture.Server.Id} (berth serve)");
        await Client.PushImageAsync("shop/app", "after-prepare");
        var before = await ReadAsync(cli);
        Assert.Equal(0, await Fixture.Server.StopAsync(Patience));

        // At each moment one of the two is served, and never both.
        foreach (var line in (string[])["copying blobs: 10 %", "copying blobs: 100 %", "copying rows: 50 %", "copying rows: 100 %", "checking rows: 60 %", "checking rows: 100 %"])
        {
            await KillAtAsync(line, target, "migrate", "--data", data, "--finish");
            var source = await Tool.RunAsync(BuiltProgram.Server!, ["storage", "recount", "--data", data], Fixture.Folder, Fixture.ClientEnvironment);
            if (await target.HoldsInstallationAsync()) ExpectRefused(source, "is being moved to", "was moved to");
            else Assert.True(source.Status == 0 || source.Errors.Contains("is being moved to", StringComparison.Ordinal), source.ToString());
        }

        var finished = (await BerthAsync(target, "migrate", "--data", data, "--finish", "--verify", "full")).Succeeded();
        Assert.Matches("Finished\\.|was moved already", finished.Output);
        ExpectRefused(await Tool.RunAsync(BuiltProgram.Server!, ["serve", "--data", data], Fixture.Folder, Fixture.ClientEnvironment), "was moved to the database 'test_");
        (await BerthAsync(target, "migrate", "--data", data, "--finish")).Succeeded();
        ExpectRefused(await BerthAsync(target, "migrate", "--data", data), "was moved to");

        // The certificates, and nothing else, are brought to the new nodes.
        var (first, second) = (NewFolder("first"), NewFolder("second"));
        foreach (var node in (string[])[first, second]) (await Tool.RunAsync(Tool.Require("cp"), ["-r", Path.Combine(data, "tls"), node], Fixture.Folder)).Succeeded();
        await using (var one = new ServerProcess(BuiltProgram.Server!, "first", target.Settings, first, Fixture.Server))
        await using (var other = new ServerProcess(BuiltProgram.Server!, "second", target.Settings, second, password: Fixture.Endpoint.Password))
        {
            await one.StartAsync(Patience);
            await other.StartAsync(Patience);
            Assert.Equal(before, await ReadAsync(cli));
            using (var known = new RegistryClient(one.Endpoint, bearer)) (await known.GetManifestAsync("shop/app", "v1")).Expect(200);
            using var pipeline = new RegistryClient(new RegistryEndpoint(one.Endpoint.Address, "pipeline", token));
            (await pipeline.GetManifestAsync("shop/app", "v1")).Expect(200);
            (await pipeline.GetManifestAsync("shop/web", "v1")).ExpectError(401, "UNAUTHORIZED");

            var image = await pipeline.PushImageAsync("shop/app", "after-the-move");
            using var there = new RegistryClient(other.Endpoint);
            (await there.GetManifestAsync("shop/app", "after-the-move")).Expect(200).ExpectBody(image.Bytes);
        }
    }

    /// <summary>Content and settings of many kinds; the password of a token.</summary>
    private async Task<string> FurnishAsync(BerthClient cli)
    {
        for (var i = 1; i <= 3; i++)
        {
            var layers = new List<BlobContent>();
            for (var n = 0; n < 3; n++) layers.Add(await Client.PushAsync("shop/app", BlobContent.Layer(6_000_000 + (1000 * n) + i)));
            var image = await Client.PushAsync("shop/app", ManifestContent.Image(await Client.PushAsync("shop/app", BlobContent.Config()), layers), $"v{i}", $"build-{i}");
            var signature = await Client.PushAsync("shop/app", BlobContent.Layer(200));
            await Client.PushAsync("shop/app", ManifestContent.Image(
                await Client.PushAsync("shop/app", BlobContent.Empty()), [signature],
                manifest => (manifest["artifactType"], manifest["subject"]) = ("application/vnd.example.signature", image.Descriptor())));
            await Client.PushImageAsync("shop/web", $"v{i}");
        }

        await Client.PushAsync("shop/app", ManifestContent.Index([(await Client.PushImageAsync("shop/app")).Descriptor(), (await Client.PushImageAsync("shop/app")).Descriptor()]), "multi");

        string[][] commands =
        [
            ["acr", "config", "soft-delete", "update", "--registry", "local", "--status", "enabled", "--days", "30", "--yes"],
            ["acr", "repository", "untag", "--name", "local", "--image", "shop/web:v3"],
            ["acr", "repository", "update", "--name", "local", "--image", "shop/web:v1", "--delete-enabled", "false"],
            ["quota", "set", "--registry", "local", "--repository", "shop/app", "--limit", "2GB"],
            ["lifecycle", "rule", "create", "--registry", "local", "--name", "builds", "--repositories", "shop/*", "--tags", "build-*", "--keep-last", "20", "--action", "delete", "--yes"],
            ["acr", "scope-map", "create", "--registry", "local", "--name", "app-only", "--repository", "shop/app", "content/read", "content/write"],
        ];
        foreach (var command in commands) (await cli.RunAsync(command)).Succeeded();
        (await cli.RunWithInputAsync("an-unlikely-password\n", "ad", "user", "create", "--display-name", "Ann", "--user-principal-name", "ann@example.test", "--password-stdin")).Succeeded();
        var registry = JsonNode.Parse((await cli.RunAsync("acr", "show", "--name", "local")).Succeeded().Output)!["id"]!.GetValue<string>();
        (await cli.RunAsync("role", "assignment", "create", "--assignee", "ann@example.test", "--role", "AcrPull", "--scope", registry)).Succeeded();
        var token = (await cli.RunAsync("acr", "token", "create", "--registry", "local", "--name", "pipeline", "--scope-map", "app-only")).Succeeded();
        return JsonNode.Parse(token.Output)!["credentials"]!["passwords"]![0]!["value"]!.GetValue<string>();
    }

    /// <summary>All that a client sees, as text.</summary>
    private async Task<string> ReadAsync(BerthClient cli)
    {
        var seen = new List<string>();
        foreach (var repository in (await Client.WalkAsync("/v2/_catalog", "repositories")).Entries)
        {
            foreach (var tag in (await Client.WalkAsync($"/v2/{repository}/tags/list", "tags")).Entries)
            {
                var manifest = (await Client.GetManifestAsync(repository, tag)).Expect(200);
                seen.Add($"{repository}:{tag} {manifest.Digest} {Content.Digest(manifest.Body)}");
                if (manifest.Json.TryGetProperty("layers", out var layers))
                {
                    foreach (var layer in layers.EnumerateArray()) seen.Add(await ReadBlobAsync(repository, layer.GetProperty("digest").GetString()!));
                    seen.Add(Encode((await Client.GetAsync($"/v2/{repository}/referrers/{manifest.Digest}")).Expect(200).Json));
                }
            }
        }

        string[][] commands =
        [
            ["acr", "manifest", "list-deleted-tags", "--registry", "local", "--name", "shop/web"], ["acr", "repository", "show", "--name", "local", "--image", "shop/web:v1"],
            ["quota", "show", "--registry", "local", "--repository", "shop/app"], ["usage", "show", "--registry", "local"], ["usage", "repositories", "--registry", "local"],
            ["lifecycle", "rule", "list", "--registry", "local"], ["role", "assignment", "list", "--all"], ["acr", "token", "list", "--registry", "local"],
            ["acr", "scope-map", "list", "--registry", "local"], ["acr", "show", "--name", "local"],
        ];
        foreach (var command in commands) seen.Add($"{string.Join(' ', command)}\n{(await cli.RunAsync(command)).Succeeded().Output}");
        return string.Join('\n', seen);

        static string Encode(JsonElement json) => json.GetRawText();
    }

    private async Task<string> ReadBlobAsync(string repository, string digest)
    {
        var reply = await Client.GetAsync($"/v2/{repository}/blobs/{digest}");
        using var store = new HttpClient();
        var bytes = reply.Status == 307 ? await store.GetByteArrayAsync(reply.Location) : reply.Expect(200).Body;
        Assert.Equal(digest, Content.Digest(bytes));
        return $"{digest} {bytes.Length}";
    }

    private async Task PushUntilAsync(CancellationToken ending)
    {
        for (var i = 0; !ending.IsCancellationRequested && i < 500; i++) await Client.PushImageAsync("shop/load", $"t{i % 20}");
    }

    /// <summary>Runs a command until it says a line, and kills it then; false when it ended before.</summary>
    private async Task<bool> KillAtAsync(string line, MigrationTarget target, params string[] arguments)
    {
        using var process = Tool.Start(BuiltProgram.Server!, arguments, Fixture.Folder, Environment(target));
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var isSaid = false;
        while (!isSaid && await process.StandardError.ReadLineAsync().WaitAsync(Patience) is { } said) isSaid = said.StartsWith(line, StringComparison.Ordinal);
        if (isSaid) process.Kill();
        await process.WaitForExitAsync().WaitAsync(Patience);
        await output;
        return isSaid;
    }

    private static void ExpectRefused(ToolResult result, params string[] sentences)
    {
        Assert.True(result.Status == 2, result.ToString());
        Assert.True(sentences.Any(sentence => Assert.Single(result.Errors.Trim().Split('\n')).Contains(sentence, StringComparison.Ordinal)), result.ToString());
    }

    private Task<ToolResult> BerthAsync(MigrationTarget target, params string[] arguments) => Tool.RunAsync(BuiltProgram.Server!, arguments, Fixture.Folder, Environment(target));

    private Dictionary<string, string> Environment(MigrationTarget target)
    {
        var environment = new Dictionary<string, string>(Fixture.ClientEnvironment);
        foreach (var (name, value) in target.Settings) environment[name] = value;
        return environment;
    }
}

/// <summary>To Azurite.</summary>
public sealed class MigrateToAzuriteTests(BesideAzuriteServer fixture) : MigrateTests<BesideAzuriteServer>(fixture);

/// <summary>To Ceph's S3 gateway.</summary>
[Trait(RadosGateway.TraitName, RadosGateway.Trait)]
public sealed class MigrateToRadosGatewayTests(BesideRadosGatewayServer fixture) : MigrateTests<BesideRadosGatewayServer>(fixture);

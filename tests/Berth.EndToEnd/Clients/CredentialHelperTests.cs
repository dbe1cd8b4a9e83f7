using System.Text.Json;
using Berth.EndToEnd.Harness;

namespace Berth.EndToEnd.Clients;

/// <summary>docker-credential-berth as skopeo and podman start it, and the protocol's own corners.</summary>
public sealed class CredentialHelperTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    private const string TokenUser = "00000000-0000-0000-0000-000000000000";
    private const string NotFound = "credentials not found in native keychain\n";

    [Fact]
    public async Task Skopeo_and_podman_push_and_pull_as_who_is_signed_in()
    {
        var client = NewClient();
        var authFile = Path.Combine(NewFolder("auth"), "auth.json");
        await File.WriteAllTextAsync(authFile, "{\"credHelpers\":{\"" + client.Host + "\":\"berth\"}}");
        var image = ImageLayout.Small(NewFolder("layout"));
        string[] push = ["copy", "-q", "--preserve-digests", "--dest-tls-verify=false", "--dest-authfile", authFile, image.Reference, $"docker://{client.Host}/{Repo}:1"];
        Assert.NotEqual(0, (await ToolAsync(client, "skopeo", push)).Status);

        await client.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
        (await ToolAsync(client, "skopeo", push)).Succeeded();
        Assert.Equal(image.Digest, await ServedDigestAsync(Repo, "1"));
        var storage = NewFolder("storage");
        (await ToolAsync(
            client, "podman", "--root", Path.Combine(storage, "root"), "--runroot", Path.Combine(storage, "run"), "--storage-driver", "vfs",
            "pull", "-q", "--tls-verify=false", "--authfile", authFile, $"{client.Host}/{Repo}:1")).Succeeded();

        (await client.RunAsync("logout")).Succeeded();
        Assert.NotEqual(0, (await ToolAsync(client, "skopeo", push)).Status);
    }

    [Fact]
    public async Task The_account_is_shown_to_its_own_registries_only()
    {
        var client = NewClient();
        await client.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
        var port = client.Host.Split(':')[1];

        var own = JsonDocument.Parse((await client.HelpAsync("get", $"https://{client.Host}/v1/\n")).Succeeded().Output).RootElement;
        Assert.Equal((TokenUser, $"https://{client.Host}/v1/"), (own.GetProperty("Username").GetString(), own.GetProperty("ServerURL").GetString()));
        Assert.Equal(TokenUser, JsonDocument.Parse((await client.HelpAsync("get", $"local.berth.localhost:{port}")).Succeeded().Output).RootElement.GetProperty("Username").GetString());
        foreach (var name in new[] { TokenUser, "<token>" })
        {
            (await client.HelpAsync("store", $$"""{"ServerURL":"{{client.Host}}","Username":"{{name}}","Secret":"stale"}""")).Succeeded();
            Assert.DoesNotContain("stale", (await client.HelpAsync("get", client.Host)).Succeeded().Output, StringComparison.Ordinal);
        }

        foreach (var foreign in new[]
                 {
                     "registry.invalid", "localhost", "localhost:1", $"127.0.0.1:{port}", "local.berth.localhost", $"arm.berth.localhost:{port}", $"a.b.berth.localhost:{port}",
                     $"berth.localhost:{port}", $"local.berth.localhost.evil.invalid:{port}", "https://index.docker.io/v1/",
                 })
        {
            var reply = await client.HelpAsync("get", foreign);
            Assert.Equal((1, NotFound), (reply.Status, reply.Output));
        }

        Assert.Equal(1, (await client.HelpAsync("get", $"{client.Host}@evil.invalid")).Status);
        var list = (await client.HelpAsync("list", "")).Succeeded().Output;
        Assert.Equal(TokenUser, JsonDocument.Parse(list).RootElement.GetProperty(client.Host).GetString());
    }

    [Fact]
    public async Task What_a_tool_stores_is_kept_for_its_user_alone_until_it_is_erased()
    {
        var client = NewClient();
        (await client.HelpAsync("store", """{"ServerURL":"https://other.example/v1/","Username":"ann","Secret":"s3cret"}""")).Succeeded();
        var file = Path.Combine(client.Config, "credentials.json");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal("s3cret", JsonDocument.Parse((await client.HelpAsync("get", "other.example")).Succeeded().Output).RootElement.GetProperty("Secret").GetString());
        var list = (await client.HelpAsync("list", "")).Succeeded().Output;
        Assert.Equal("{\"other.example\":\"ann\"}\n", list);

        (await client.HelpAsync("erase", "other.example\n")).Succeeded();
        (await client.HelpAsync("erase", "other.example\n")).Succeeded();
        var gone = await client.HelpAsync("get", "other.example");
        Assert.Equal((1, NotFound), (gone.Status, gone.Output));
        var broken = await client.HelpAsync("store", "s3cret");
        Assert.Equal(1, broken.Status);
        Assert.DoesNotContain("s3cret", broken.Output + broken.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Helpers_that_run_at_once_do_not_end_the_sign_in()
    {
        var client = NewClient();
        await client.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
        foreach (var reply in await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => client.HelpAsync("get", client.Host)))) reply.Succeeded();
        (await client.RunAsync("ad", "user", "list")).Succeeded();
    }

    private Task<ToolResult> ToolAsync(BerthClient client, string tool, params string[] arguments) =>
        Tool.RunAsync(Tool.Require(tool), arguments, Fixture.Folder, client.Environment);

    private BerthClient NewClient() => new(Fixture, NewFolder("client"));
}

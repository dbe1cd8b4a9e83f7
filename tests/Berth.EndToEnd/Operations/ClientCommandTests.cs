using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Operations;

/// <summary>The client's commands against the real server, for programs (JSON, queries) and for people (tables).</summary>
public sealed class ClientCommandTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    private BerthClient _client = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _client = new BerthClient(Fixture, NewFolder("client"));
        await _client.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
    }

    [Fact]
    public async Task A_person_is_shown_and_changed()
    {
        var upn = $"{Content.Name()}@example.test";
        await JsonAsync("ad", "user", "create", "--display-name", "Ann", "--upn", upn, "--password", "a long password");
        Assert.Equal("Ann", (await JsonAsync("ad", "user", "show", "--id", upn)).GetProperty("displayName").GetString());
        Assert.Empty(await TextAsync("ad", "user", "update", "--id", upn, "--display-name", "Ann B", "--account-enabled", "false", "--password", "another password"));
        Assert.Equal("Ann B\n", await TextAsync("ad", "user", "show", "--id", upn, "--query", "displayName", "-o", "tsv"));
        var refused = await _client.RunWithInputAsync("another password", "login", "--endpoint", $"https://{_client.Host}", "-u", upn, "--password-stdin");
        Assert.Equal(1, refused.Status);
        await TextAsync("ad", "user", "update", "--id", upn, "--account-enabled", "true");
        Assert.Contains(upn, await TextAsync("ad", "user", "list", "-o", "table"), StringComparison.Ordinal);
        await TextAsync("ad", "user", "delete", "--id", upn);
        Assert.Equal(1, (await _client.RunAsync("ad", "user", "show", "--id", upn)).Status);
    }

    [Fact]
    public async Task A_person_s_password_comes_from_stdin_and_nowhere_else_by_itself()
    {
        var upn = $"{Content.Name()}@example.test";
        string[] create = ["ad", "user", "create", "--display-name", "Ann", "--upn", upn];
        var without = await _client.RunAsync(create);
        Assert.Equal(2, without.Status);
        Assert.Contains("--password-stdin", without.Errors, StringComparison.Ordinal);
        (await _client.RunWithInputAsync("a long password\n", [.. create, "--password-stdin"])).Succeeded();
        (await LoginAsync(upn, "a long password", isServicePrincipal: false)).Succeeded();
    }

    [Fact]
    public async Task A_secret_is_not_lost_to_a_query_that_cannot_be_applied()
    {
        var made = await _client.RunAsync("ad", "sp", "create-for-rbac", "--name", Content.Name(), "--query", "abs(password)");
        Assert.Equal(1, made.Status);
        Assert.Contains("--query", made.Errors, StringComparison.Ordinal);
        using var answer = JsonDocument.Parse(made.Output);
        (await LoginAsync(answer.RootElement.GetProperty("appId").GetString()!, answer.RootElement.GetProperty("password").GetString()!)).Succeeded();

        var listed = await _client.RunAsync("ad", "sp", "list", "--query", "abs(@)");
        Assert.Equal((2, ""), (listed.Status, listed.Output));
    }

    [Fact]
    public async Task A_group_is_listed_shown_and_deleted_with_its_members()
    {
        var (group, upn) = (Content.Name(), $"{Content.Name()}@example.test");
        var id = (await JsonAsync("ad", "group", "create", "--display-name", group, "--mail-nickname", group)).GetProperty("id").GetString()!;
        var ann = (await JsonAsync("ad", "user", "create", "--display-name", "Ann", "--upn", upn, "--password", "a long password")).GetProperty("id").GetString()!;
        Assert.Equal($"{id}\n", await TextAsync("ad", "group", "list", "--query", $"[?displayName=='{group}'].id", "-o", "tsv"));
        Assert.Equal(id, (await JsonAsync("ad", "group", "show", "--group", group)).GetProperty("id").GetString());
        Assert.Empty(await TextAsync("ad", "group", "member", "add", "-g", group, "--member-id", ann));
        Assert.Equal($"{upn}\n", await TextAsync("ad", "group", "member", "list", "-g", group, "--query", "[].userPrincipalName", "-o", "tsv"));
        Assert.Contains(upn, await TextAsync("ad", "group", "member", "list", "-g", id, "-o", "table"), StringComparison.Ordinal);
        Assert.Empty(await TextAsync("ad", "group", "member", "remove", "-g", group, "--member-id", ann));
        Assert.Equal("[]\n", await TextAsync("ad", "group", "member", "list", "-g", group));
        Assert.Contains(group, await TextAsync("ad", "group", "list", "-o", "table"), StringComparison.Ordinal);
        Assert.Empty(await TextAsync("ad", "group", "delete", "--group", group));
        var gone = await _client.RunAsync("ad", "group", "show", "--group", group);
        Assert.Equal(1, gone.Status);
        Assert.Contains($"there is no group '{group}'", gone.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_principal_gets_a_new_secret_and_is_deleted()
    {
        var made = await JsonAsync("ad", "sp", "create-for-rbac", "--name", Content.Name());
        var (id, first) = (made.GetProperty("appId").GetString()!, made.GetProperty("password").GetString()!);
        var second = await TextAsync("ad", "sp", "credential", "reset", "--id", id, "--query", "password", "-o", "tsv");
        Assert.Equal(1, (await LoginAsync(id, first)).Status);
        (await LoginAsync(id, second.Trim())).Succeeded();
        var third = (await JsonAsync("ad", "sp", "credential", "reset", "--id", id, "--append")).GetProperty("password").GetString()!;
        foreach (var secret in new[] { second.Trim(), third }) (await LoginAsync(id, secret)).Succeeded();
        Assert.Equal(id, (await JsonAsync("ad", "sp", "show", "--id", id)).GetProperty("appId").GetString());
        Assert.Contains(id, await TextAsync("ad", "sp", "list", "-o", "table"), StringComparison.Ordinal);
        Assert.Empty(await TextAsync("ad", "sp", "delete", "--id", id));
        Assert.Equal(1, (await LoginAsync(id, third)).Status);
        Assert.Equal(1, (await _client.RunAsync("ad", "sp", "show", "--id", id)).Status);
    }

    [Fact]
    public async Task A_managed_identity_is_listed_and_shown()
    {
        var name = Content.Name();
        var made = await JsonAsync("identity", "create", "--name", name);
        var clientId = made.GetProperty("clientId").GetString();
        Assert.Equal(clientId, (await JsonAsync("identity", "show", "--name", name)).GetProperty("clientId").GetString());
        Assert.Equal($"{clientId}\n", await TextAsync("identity", "list", "--query", $"[?name=='{name}'].clientId | [0]", "-o", "tsv"));
        Assert.Contains(name, await TextAsync("identity", "list", "-g", "default", "-o", "table"), StringComparison.Ordinal);
        Assert.Contains($"clientId: \"{clientId}\"", await TextAsync("identity", "show", "-n", name, "-o", "yaml"), StringComparison.Ordinal);
        Assert.Empty(await TextAsync("identity", "delete", "--name", name));
        Assert.Equal(1, (await _client.RunAsync("identity", "show", "--name", name)).Status);
    }

    [Fact]
    public async Task A_query_that_cannot_be_read_stops_the_command_before_it_does_anything()
    {
        var group = Content.Name();
        var refused = await _client.RunAsync("ad", "group", "create", "--display-name", group, "--query", "[?");
        Assert.Equal(2, refused.Status);
        Assert.Contains("at character 3 of the expression", refused.Errors, StringComparison.Ordinal);
        Assert.Equal("[]\n", await TextAsync("ad", "group", "list", "--display-name", group));
    }

    [Fact]
    public async Task The_password_is_asked_for_at_a_terminal_and_not_shown()
    {
        var script = Tool.Require("script");
        using var process = Tool.Start(
            script, ["-qefc", $"{_client.Program} login --endpoint https://{_client.Host} --username {Fixture.Endpoint.User}", "/dev/null"], Fixture.Folder, _client.Environment);
        var seen = new System.Text.StringBuilder();
        var buffer = new char[256];
        while (!seen.ToString().Contains("Password: ", StringComparison.Ordinal) && await process.StandardOutput.ReadAsync(buffer) is var count and > 0) seen.Append(buffer, 0, count);
        await process.StandardInput.WriteAsync($"{Fixture.Endpoint.Password}\r");
        await process.StandardInput.FlushAsync();
        seen.Append(await process.StandardOutput.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.Contains("Signed in to", seen.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Fixture.Endpoint.Password, seen.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kubelet_gets_the_pod_s_token_as_the_password_of_the_identity()
    {
        const string id = "8d6f6bd1-2c0d-4f5b-9d2e-3f8a2f0b7c11";
        var end = TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeSeconds();
        var claims = $"{{\"iss\":\"https://c\",\"aud\":[\"berth\"],\"exp\":{end}}}";
        var token = $"e30.{System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(claims))}.c2ln";
        var request = $$$"""
            {"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"{{{_client.Host}}}/team/app:1",
             "serviceAccountToken":"{{{token}}}","serviceAccountAnnotations":{"berth.dev/client-id":"{{{id}}}"}}
            """;
        var reply = JsonDocument.Parse((await _client.RunWithInputAsync(request, "credential-provider", "--audience", "berth", "--registry", _client.Host)).Succeeded().Output).RootElement;
        Assert.Equal("CredentialProviderResponse", reply.GetProperty("kind").GetString());
        Assert.Equal("credentialprovider.kubelet.k8s.io/v1", reply.GetProperty("apiVersion").GetString());
        Assert.Equal("Registry", reply.GetProperty("cacheKeyType").GetString());
        Assert.InRange(int.Parse(reply.GetProperty("cacheDuration").GetString()!.TrimEnd('s'), System.Globalization.CultureInfo.InvariantCulture), 3300, 3540);
        var auth = reply.GetProperty("auth").GetProperty(_client.Host);
        Assert.Equal((id, token), (auth.GetProperty("username").GetString(), auth.GetProperty("password").GetString()));

        foreach (var arguments in new string[][] { ["--registry", "other.example"], ["--audience", "other"], ["--client-id-annotation", "none"] })
        {
            var refused = await _client.RunWithInputAsync(request, ["credential-provider", .. arguments]);
            Assert.Equal((1, ""), (refused.Status, refused.Output));
            Assert.DoesNotContain(token, refused.Errors, StringComparison.Ordinal);
        }

        var file = Path.Combine(NewFolder("token"), "token");
        await File.WriteAllTextAsync(file, $"{token}\n");
        var bare = $$"""{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"{{_client.Host}}/a:1"}""";
        Assert.Contains(token, (await _client.RunWithInputAsync(bare, "credential-provider", "--token-file", file, "--client-id", id)).Succeeded().Output, StringComparison.Ordinal);
        Assert.Equal(1, (await _client.RunWithInputAsync(bare, "credential-provider", "--client-id", id)).Status);
        Assert.Equal(1, (await _client.RunWithInputAsync(new string('x', 1_100_000), "credential-provider")).Status);
    }

    private Task<ToolResult> LoginAsync(string id, string secret, bool isServicePrincipal = true)
    {
        var other = new BerthClient(Fixture, NewFolder("other"));
        return other.RunWithInputAsync(
            secret, ["login", "--endpoint", $"https://{other.Host}", "-u", id, "--password-stdin", .. isServicePrincipal ? (string[])["--service-principal"] : []]);
    }

    private async Task<string> TextAsync(params string[] arguments) => (await _client.RunAsync(arguments)).Succeeded().Output;

    private async Task<JsonElement> JsonAsync(params string[] arguments) => JsonDocument.Parse(await TextAsync(arguments)).RootElement;
}

using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Operations;

/// <summary>The client's <c>acr</c> commands on registries, their tokens and their content, as the Azure CLI words them, by the account that is signed in.</summary>
public sealed class RegistryCommandTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    private BerthClient _client = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _client = new BerthClient(Fixture, NewFolder("client"));
        await _client.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
    }

    [Fact]
    public async Task A_registry_is_made_changed_shown_and_deleted()
    {
        var name = NewName();
        Assert.True((await JsonAsync("acr", "check-name", "--name", name)).GetProperty("nameAvailable").GetBoolean());
        var made = await JsonAsync("acr", "create", "--name", name, "--resource-group", "default", "--sku", "Standard", "--admin-enabled", "true", "--tags", "env=test", "empty");
        Assert.Equal((name, "default", "Standard", "Succeeded"), (Text(made, "name"), Text(made, "resourceGroup"), Text(made.GetProperty("sku"), "name"), Text(made, "provisioningState")));
        Assert.Equal("""{"env":"test","empty":""}""", JsonSerializer.Serialize(made.GetProperty("tags")));
        Assert.False((await JsonAsync("acr", "check-name", "--name", name)).GetProperty("nameAvailable").GetBoolean());
        Assert.Contains(name, await TextAsync("acr", "list", "--query", "[].name", "-o", "tsv"), StringComparison.Ordinal);

        var changed = await JsonAsync("acr", "update", "-n", name, "--sku", "premium", "--anonymous-pull-enabled", "true", "--role-assignment-mode", "abac", "--tags", "");
        Assert.Equal(("Premium", "AbacRepositoryPermissions"), (Text(changed.GetProperty("sku"), "name"), Text(changed, "roleAssignmentMode")));
        Assert.True(changed.GetProperty("anonymousPullEnabled").GetBoolean() && changed.GetProperty("adminUserEnabled").GetBoolean());
        Assert.Empty(changed.GetProperty("tags").EnumerateObject());
        Assert.Equal($"{name}\n", await TextAsync("acr", "show", "-n", name, "-g", "default", "--query", "name", "-o", "tsv"));

        var asked = await _client.RunWithInputAsync("", "acr", "delete", "--name", name);
        Assert.Equal(2, asked.Status);
        Assert.Contains("--yes", asked.Errors, StringComparison.Ordinal);
        Assert.Empty(await TextAsync("acr", "delete", "--name", name, "--yes"));
        var gone = await _client.RunAsync("acr", "show", "--name", name);
        Assert.Equal(1, gone.Status);
        Assert.Contains($"there is no registry '{name}'", gone.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_admin_user_s_passwords_are_shown_and_renewed()
    {
        var name = NewName();
        await JsonAsync("acr", "create", "--name", name, "--admin-enabled", "true");
        var first = await JsonAsync("acr", "credential", "show", "--name", name);
        Assert.Equal(name, Text(first, "username"));
        var second = await JsonAsync("acr", "credential", "renew", "--name", name, "--password-name", "password2");
        Assert.Equal(PasswordIn(first, "password"), PasswordIn(second, "password"));
        Assert.NotEqual(PasswordIn(first, "password2"), PasswordIn(second, "password2"));
        await TextAsync("acr", "check-health", "--name", name, "--username", name, "--password", PasswordIn(second, "password2")!);
        Assert.Equal(1, (await _client.RunAsync("acr", "check-health", "--name", name, "--username", name, "--password", PasswordIn(first, "password2")!)).Status);
    }

    [Fact]
    public async Task A_token_does_what_its_scope_map_says()
    {
        var (repository, map, token) = (Content.Name(), NewName(), NewName());
        await Client.PushImageAsync(repository, "v1");
        var made = await JsonAsync(
            "acr", "scope-map", "create", "-r", "local", "-n", map, "--repository", repository, "content/read", "metadata/read", "--repository", "other", "content/write", "--description", "for a test");
        Assert.Equal(
            [$"repositories/{repository}/content/read", $"repositories/{repository}/metadata/read", "repositories/other/content/write"],
            made.GetProperty("actions").EnumerateArray().Select(action => action.GetString()!));
        Assert.Equal(2, (await _client.RunAsync("acr", "scope-map", "create", "-r", "local", "-n", NewName(), "--repository", "alone")).Status);

        var created = await JsonAsync("acr", "token", "create", "-r", "local", "-n", token, "--scope-map", map, "--expiration-in-days", "30");
        Assert.Equal(["password1", "password2"], created.GetProperty("credentials").GetProperty("passwords").EnumerateArray().Select(password => Text(password, "name")!));
        var password = PasswordIn(created.GetProperty("credentials"), "password1")!;
        Assert.Equal("v1\n", await TextAsync("acr", "repository", "show-tags", "-n", "local", "--repository", repository, "-u", token, "-p", password, "-o", "tsv"));
        Assert.Contains(token, await TextAsync("acr", "token", "list", "-r", "local", "--query", "[].name", "-o", "tsv"), StringComparison.Ordinal);
        Assert.DoesNotContain(password, await TextAsync("acr", "token", "show", "-r", "local", "-n", token), StringComparison.Ordinal);

        var renewed = await JsonAsync("acr", "token", "credential", "generate", "-r", "local", "-n", token, "--password1");
        Assert.Equal("password1", Text(Assert.Single(renewed.GetProperty("passwords").EnumerateArray()), "name"));
        Assert.Equal(1, (await _client.RunAsync("acr", "repository", "show-tags", "-n", "local", "--repository", repository, "-u", token, "-p", password)).Status);

        Assert.Empty((await JsonAsync("acr", "token", "credential", "delete", "-r", "local", "-n", token, "--password1", "--password2")).GetProperty("credentials").GetProperty("passwords").EnumerateArray());
        Assert.Equal(1, (await _client.RunAsync("acr", "token", "credential", "delete", "-r", "local", "-n", token, "--password1")).Status);

        var less = await JsonAsync("acr", "scope-map", "update", "-r", "local", "-n", map, "--remove-repository", "other", "content/write", "--add-repository", repository, "content/write");
        Assert.Equal(3, less.GetProperty("actions").GetArrayLength());
        Assert.Equal("disabled", Text(await JsonAsync("acr", "token", "update", "-r", "local", "-n", token, "--status", "disabled"), "status"));
        Assert.Empty(await TextAsync("acr", "token", "delete", "-r", "local", "-n", token, "--yes"));
        Assert.Empty(await TextAsync("acr", "scope-map", "delete", "-r", "local", "-n", map, "-y"));
        Assert.Equal(1, (await _client.RunAsync("acr", "scope-map", "show", "-r", "local", "-n", map)).Status);
    }

    [Fact]
    public async Task A_token_for_a_repository_makes_its_own_scope_map()
    {
        var token = NewName();
        var created = await JsonAsync("acr", "token", "create", "-r", "local", "-n", token, "--repository", "team/app", "content/read", "--no-passwords");
        Assert.EndsWith($"/scopeMaps/{token}-scope-map", Text(created, "scopeMapId"), StringComparison.Ordinal);
        Assert.Empty(created.GetProperty("credentials").GetProperty("passwords").EnumerateArray());
        Assert.Equal("repositories/team/app/content/read\n", await TextAsync("acr", "scope-map", "show", "-r", "local", "-n", $"{token}-scope-map", "--query", "actions[0]", "-o", "tsv"));
    }

    [Fact]
    public async Task A_registry_s_token_is_shown_for_tools_that_want_a_password()
    {
        var shown = await JsonAsync("acr", "login", "--name", "local", "--expose-token");
        Assert.Equal($"local.berth.{_client.Host}", Text(shown, "loginServer"));
        await TextAsync("acr", "check-health", "--name", "local", "--username", Text(shown, "username")!, "--password", Text(shown, "accessToken")!);
    }

    [Fact]
    public async Task The_container_engine_is_started_to_sign_in_and_its_failure_is_told()
    {
        _client.Environment["DOCKER_COMMAND"] = Tool.Require("true");
        Assert.Empty(await TextAsync("acr", "login", "--name", "local"));
        _client.Environment["DOCKER_COMMAND"] = Tool.Require("false");
        var refused = await _client.RunAsync("acr", "login", "--name", "local");
        Assert.Equal(1, refused.Status);
        Assert.Contains("ended with 1", refused.Errors, StringComparison.Ordinal);
        _client.Environment["DOCKER_COMMAND"] = "/no/such/program";
        Assert.Contains("cannot be started", (await _client.RunAsync("acr", "login", "--name", "local")).Errors, StringComparison.Ordinal);
    }

    private static string NewName() => $"r{Guid.NewGuid():N}"[..20];

    private static string? Text(JsonElement value, string name) => value.GetProperty(name).GetString();

    private static string? PasswordIn(JsonElement credentials, string name) =>
        credentials.GetProperty("passwords").EnumerateArray().Where(password => Text(password, "name") == name).Select(password => Text(password, "value")).Single();

    private async Task<string> TextAsync(params string[] arguments) => (await _client.RunAsync(arguments)).Succeeded().Output;

    private async Task<JsonElement> JsonAsync(params string[] arguments) => JsonDocument.Parse(await TextAsync(arguments)).RootElement;
}

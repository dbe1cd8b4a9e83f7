using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Operations;

/// <summary>The client's checks and its evidence against the real server: health, policies, who may see what.</summary>
public sealed class CheckCommandTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    private BerthClient _client = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _client = new BerthClient(Fixture, NewFolder("client"));
        await _client.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
    }

    [Fact]
    public async Task The_way_to_a_registry_is_fine_from_DNS_to_the_pull()
    {
        await Client.PushImageAsync(Repo, "1");
        var checks = await JsonAsync("acr", "check-health", "--name", "local", "--image", $"{Repo}:1", "--output", "json");
        Assert.Equal(
            ["tools", "dns", "connection", "tls", "challenge", "clock", "refresh-token", "access-token", "catalog", "pull"], checks.EnumerateArray().Select(check => Text(check, "check")));
        Assert.All(checks.EnumerateArray(), check => Assert.Equal("ok", Text(check, "status")));
        Assert.Contains("read", await TextAsync("acr", "check-health", "--name", "local", "--repository", Repo), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_is_not_trusted_is_what_is_wrong()
    {
        var stranger = new BerthClient(Fixture, NewFolder("stranger"));
        stranger.Environment["SSL_CERT_FILE"] = "/dev/null";
        var run = await stranger.RunAsync("acr", "check-health", "--host", stranger.Host);
        Assert.Equal(1, run.Status);
        Assert.Contains("CONNECTIVITY_SSL_ERROR", run.Output, StringComparison.Ordinal);
        Assert.Contains("SSL_CERT_FILE", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rules_that_keep_this_machine_out_are_what_is_wrong_and_its_address_is_named()
    {
        await MakeAsync("walled");
        await TextAsync("acr", "update", "--name", "walled", "--default-action", "Deny", "--force");
        var run = await _client.RunAsync("acr", "check-health", "--name", "walled");
        Assert.Equal(1, run.Status);
        Assert.Contains("CONNECTIVITY_FORBIDDEN_ERROR", run.Output, StringComparison.Ordinal);
        Assert.Matches("--ip-address (127.0.0.1|::1)", run.Output);
    }

    [Fact]
    public async Task What_a_policy_asks_for_is_kept_once_its_remediations_were_run()
    {
        await MakeAsync("checked");
        string[] check = ["policy", "check", "--registry", "checked", "--skip", "private-link-used", "deleted-content-kept", "arm-audience-tokens-disabled"];
        var run = await _client.RunAsync(check);
        Assert.Equal(1, run.Status);
        var broken = JsonDocument.Parse(run.Output).RootElement.EnumerateArray().Where(finding => Text(finding, "result") == "fail").ToList();
        Assert.Contains("network-restricted", broken.Select(finding => Text(finding, "rule")));
        foreach (var finding in broken) await TextAsync([.. Text(finding, "remediation")!.Split(' ')[1..], "--force"]);
        (await _client.RunAsync(check)).Succeeded();
    }

    [Fact]
    public async Task Evidence_names_who_pushed_who_pulled_and_who_may()
    {
        var image = await Client.PushImageAsync(Repo, "1", "2");
        var evidence = await JsonAsync("acr", "evidence", "--name", "local", "--repository", Repo);
        var repository = Assert.Single(evidence.GetProperty("repositories").EnumerateArray());
        var manifest = Assert.Single(repository.GetProperty("manifests").EnumerateArray());
        Assert.Equal((Repo, image.Digest, "owner"), (Text(repository, "name"), Text(manifest, "digest"), Text(manifest, "createdBy")));
        Assert.Equal(["1", "2"], manifest.GetProperty("tags").EnumerateArray().Select(tag => Text(tag, "name")));
        Assert.Equal(0, manifest.GetProperty("tags")[0].GetProperty("ageDays").GetInt32());
        Assert.Contains(repository.GetProperty("access").EnumerateArray(), entry => Text(entry, "name") == "owner");
        Assert.Equal(2, evidence.GetProperty("totals").GetProperty("tags").GetInt32());

        var whole = await JsonAsync("acr", "evidence", "--name", "local", "--no-access");
        Assert.Contains(whole.GetProperty("repositories").EnumerateArray(), one => Text(one, "name") == Repo);
        Assert.All(whole.GetProperty("repositories").EnumerateArray(), one => Assert.False(one.TryGetProperty("access", out _)));
    }

    [Fact]
    public async Task Whoever_may_not_read_all_that_evidence_needs_gets_none_and_no_page()
    {
        await Client.PushImageAsync(Repo, "1");
        var upn = $"{Content.Name()}@example.test";
        await TextAsync("ad", "user", "create", "--display-name", "Ann", "--upn", upn, "--password", "a long password");
        await TextAsync("role", "assignment", "create", "--assignee", upn, "--role", "AcrPull", "--scope", Text(await JsonAsync("acr", "show", "--name", "local"), "id")!);
        var folder = NewFolder("ann");
        var ann = new BerthClient(Fixture, folder);
        await ann.SignInAsync(upn, "a long password");
        var refused = await ann.RunAsync("acr", "evidence", "--name", "local", "--repository", Repo, "--page", "page.md");
        Assert.Equal((1, ""), (refused.Status, refused.Output));
        Assert.Empty(Directory.GetFiles(folder, "page.md*"));
    }

    [Fact]
    public async Task A_resource_group_is_made_found_and_deleted()
    {
        var group = Content.Name();
        Assert.Equal("false\n", await TextAsync("group", "exists", "-n", group));
        var location = Text((await JsonAsync("account", "list-locations"))[0], "name")!;
        Assert.Equal(group, Text(await JsonAsync("group", "create", "-n", group, "-l", location, "--tags", "team=a"), "name"));
        Assert.Equal("true\n", await TextAsync("group", "exists", "-n", group));
        Assert.Equal($"{group}\n", await TextAsync("group", "list", "--tag", "team=a", "--query", "[].name", "-o", "tsv"));
        Assert.Equal(location, Text(await JsonAsync("group", "show", "-n", group), "location"));
        Assert.Empty(await TextAsync("group", "delete", "-n", group, "--yes"));
        Assert.Equal(1, (await _client.RunAsync("group", "show", "-n", group)).Status);
    }

    private async Task MakeAsync(string registry) => await TextAsync("acr", "create", "--name", registry);

    private static string? Text(JsonElement value, string name) => value.GetProperty(name).GetString();

    private async Task<string> TextAsync(params string[] arguments) => (await _client.RunAsync(arguments)).Succeeded().Output;

    private async Task<JsonElement> JsonAsync(params string[] arguments) => JsonDocument.Parse(await TextAsync(arguments)).RootElement;
}

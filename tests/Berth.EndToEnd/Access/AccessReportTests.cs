using System.Text.Json;
using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Access;

/// <summary>The auditor's report and explanation as a person and a spreadsheet get them, of a person who may pull through a group.</summary>
public sealed class AccessReportTests(AccessFixture fixture) : EndToEndTest<AccessFixture>(fixture)
{
    private readonly string _ann = $"{Content.Name()}@example.test";
    private readonly string _group = Content.Name();
    private readonly string _repository = Content.Name();
    private BerthClient _client = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _client = new BerthClient(Fixture, NewFolder("client"));
        await _client.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
        await Client.PushImageAsync(_repository, "latest");
        var ann = await JsonAsync("ad", "user", "create", "--display-name", "Ann; of the team", "--upn", _ann, "--password", "a long password");
        var group = await JsonAsync("ad", "group", "create", "--display-name", _group, "--mail-nickname", _group);
        await TextAsync("ad", "group", "member", "add", "-g", _group, "--member-id", ann.GetProperty("id").GetString()!);
        await TextAsync(
            "role", "assignment", "create", "--assignee-object-id", group.GetProperty("id").GetString()!, "--assignee-principal-type", "Group", "--role", "AcrPull",
            "--scope", Fixture.Control.Scope());
    }

    [Fact]
    public async Task The_report_says_who_may_pull_and_through_what_in_every_form()
    {
        string[] report = ["acr", "access", "report", "--name", "local", "--repository", _repository, "--output"];

        var entry = (await JsonAsync([.. report, "json"])).EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == _ann);
        Assert.Equal((_repository, "AcrPull", "User"), (Text(entry, "repository"), Text(entry, "role"), Text(entry, "kind")));
        Assert.Equal(_group, Assert.Single(entry.GetProperty("groups").EnumerateArray()).GetString());
        Assert.Contains("ContentRead", entry.GetProperty("actions").EnumerateArray().Select(action => action.GetString()));
        Assert.DoesNotContain("ContentWrite", entry.GetProperty("actions").EnumerateArray().Select(action => action.GetString()));

        var csv = (await TextAsync([.. report, "csv"])).Split("\r\n");
        Assert.Equal("repository,name,displayName,kind,actions,way,role,groups,scope,condition,assignmentId,objectId", csv[0]);
        var line = Assert.Single(csv, line => line.Contains(_ann, StringComparison.Ordinal));
        Assert.StartsWith($"{_repository},{_ann},\"Ann; of the team\",User,", line, StringComparison.Ordinal);
        Assert.Contains($",role assignment,AcrPull,{_group},{Fixture.Control.Scope().ToLowerInvariant()},", line, StringComparison.Ordinal);

        var table = (await TextAsync([.. report, "table"])).Split('\n');
        Assert.Equal(["Repository", "Name", "DisplayName", "Kind", "Actions", "Way", "Role", "Groups", "Scope"], table[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)[..9]);
        var row = Assert.Single(table, line => line.Contains(_ann, StringComparison.Ordinal));
        foreach (var cell in (string[])[_repository, "Ann; of the team", "User", "ContentRead", "role assignment", "AcrPull", _group]) Assert.Contains(cell, row, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_report_of_a_person_names_the_repositories()
    {
        var csv = (await TextAsync("acr", "access", "report", "--name", "local", "--principal", _ann, "--output", "csv")).Split("\r\n");

        Assert.Contains(csv, line => line.StartsWith($"*,{_ann},", StringComparison.Ordinal));
        Assert.Contains(csv, line => line.StartsWith($"{_repository},{_ann},", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_explanation_says_what_allows_and_what_is_lacking_in_every_form()
    {
        string[] explain = ["acr", "access", "explain", "--name", "local", "--repository", _repository, "--principal", _ann];

        Assert.True((await JsonAsync([.. explain, "--action", "ContentRead"])).GetProperty("allowed").GetBoolean());
        var lacking = await JsonAsync([.. explain, "--action", "ContentWrite"]);
        Assert.False(lacking.GetProperty("allowed").GetBoolean());
        Assert.Contains("AcrPush", lacking.GetProperty("rolesThatAllow").EnumerateArray().Select(role => role.GetString()));

        var csv = (await TextAsync([.. explain, "--action", "ContentRead", "--output", "csv"])).Split("\r\n");
        Assert.Equal("principal,repository,action,allowed,verdict,role,scope,condition,sentence,source", csv[0]);
        Assert.StartsWith($"{_ann},{_repository},ContentRead,true,", csv[1], StringComparison.Ordinal);

        var table = (await TextAsync([.. explain, "--action", "ContentWrite", "--output", "table"])).Split('\n');
        Assert.Equal(["Principal", "Repository", "Action", "Allowed", "Verdict"], table[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)[..5]);
        Assert.Contains(table, line => line.Contains(_ann, StringComparison.Ordinal) && line.Contains("AcrPull", StringComparison.Ordinal));
    }

    private static string? Text(JsonElement entry, string name) => entry.GetProperty(name).GetString();

    private async Task<string> TextAsync(params string[] arguments) => (await _client.RunAsync(arguments)).Succeeded().Output;

    private async Task<JsonElement> JsonAsync(params string[] arguments) => JsonDocument.Parse(await TextAsync(arguments)).RootElement;
}

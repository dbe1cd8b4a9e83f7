using System.Text.Json;
using Berth.Cli.Tests.Fakes;

namespace Berth.Cli.Tests.Login;

/// <summary><c>account</c> and <c>group</c>, whose answers scripts for az read.</summary>
public sealed class AccountCommandTests : IDisposable
{
    private static readonly string Id = ClientProgram.Subscription.Split('/')[2];
    private readonly ClientProgram _client = new();

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task The_account_is_shown_without_a_call()
    {
        await using var arm = new FakePeer(_ => new FakeAnswer(500));
        _client.SignIn(arm);
        using var shown = JsonDocument.Parse((await _client.RunAsync("account", "show")).Output);
        Assert.Equal((Id, "ann", "servicePrincipal", true), (
            shown.RootElement.GetProperty("id").GetString(), shown.RootElement.GetProperty("user").GetProperty("name").GetString(),
            shown.RootElement.GetProperty("user").GetProperty("type").GetString(), shown.RootElement.GetProperty("isDefault").GetBoolean()));
        Assert.Empty(arm.Seen);
    }

    [Fact]
    public async Task The_subscription_is_listed_with_its_name_and_chosen_by_it()
    {
        await using var arm = new FakePeer(_ => FakeArm.List([$$"""{"id":"{{ClientProgram.Subscription}}","subscriptionId":"{{Id}}","displayName":"Ours","state":"Enabled"}"""]));
        _client.SignIn(arm);
        Assert.Equal("Ours\tEnabled\tTrue\n", (await _client.RunAsync("account", "list", "--query", "[].[name,state,isDefault]", "-o", "tsv")).Output);
        Assert.Equal(new ClientRun(0, "", ""), await _client.RunAsync("account", "set", "--subscription", Id));
        Assert.Equal(new ClientRun(0, "", ""), await _client.RunAsync("account", "set", "-s", "ours"));
        var other = await _client.RunAsync("account", "set", "--subscription", "another");
        Assert.Equal(1, other.Status);
        Assert.Contains("there is no subscription 'another'", other.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(204, 0, "true\n")]
    [InlineData(404, 0, "false\n")]
    [InlineData(403, 1, "")]
    public async Task Whether_a_group_exists_is_a_truth_value_and_a_refusal_is_none(int answered, int status, string printed)
    {
        await using var arm = new FakePeer(_ => new FakeAnswer(answered));
        _client.SignIn(arm);
        var run = await _client.RunAsync("group", "exists", "--name", "team");
        Assert.Equal((status, printed), (run.Status, run.Output));
        Assert.Equal("HEAD", Assert.Single(arm.Seen).Method);
    }

    [Fact]
    public async Task Groups_are_filtered_by_tag()
    {
        await using var arm = new FakePeer(_ => FakeArm.List(["""{"name":"a","tags":{"Team":"x"}}""", """{"name":"b","tags":{}}""", """{"name":"c","tags":{"team":"y"}}"""]));
        _client.SignIn(arm);
        Assert.Equal("a\nc\n", (await _client.RunAsync("group", "list", "--tag", "team", "--query", "[].name", "-o", "tsv")).Output);
        Assert.Equal("c\n", (await _client.RunAsync("group", "list", "--tag", "team=y", "--query", "[].name", "-o", "tsv")).Output);
    }
}

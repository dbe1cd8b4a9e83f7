using Berth.EndToEnd.Harness;
using Berth.Testing;

namespace Berth.EndToEnd.Operations;

/// <summary>What a query makes of a raw answer, printed in each form: an object, lists, a text, a number, a truth value and nothing.</summary>
public sealed class ClientOutputTests(ServerFixture fixture) : EndToEndTest<ServerFixture>(fixture)
{
    private static readonly string[] Forms = ["json", "table", "tsv", "csv", "yaml"];

    private BerthClient _client = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _client = new BerthClient(Fixture, NewFolder("client"));
        await _client.SignInAsync(Fixture.Endpoint.User, Fixture.Endpoint.Password);
    }

    [Theory]
    [InlineData("user.{name: name, type: type}", "{\n  \"name\": \"owner\",\n  \"type\": \"user\"\n}\n", "Name   Type\n-----  ----\nowner  user\n", "owner\tuser\n", "name,type\r\nowner,user\r\n", "name: \"owner\"\ntype: \"user\"\n")]
    [InlineData("[user]", "[\n  {\n    \"name\": \"owner\",\n    \"type\": \"user\"\n  }\n]\n", "Name   Type\n-----  ----\nowner  user\n", "owner\tuser\n", "name,type\r\nowner,user\r\n", "- name: \"owner\"\n  type: \"user\"\n")]
    [InlineData("[user.name, user.type]", "[\n  \"owner\",\n  \"user\"\n]\n", "Result\n------\nowner\nuser\n", "owner\nuser\n", "result\r\nowner\r\nuser\r\n", "- \"owner\"\n- \"user\"\n")]
    [InlineData("[[user.name, user.type]]", "[\n  [\n    \"owner\",\n    \"user\"\n  ]\n]\n", "Column1  Column2\n-------  -------\nowner    user\n", "owner\tuser\n", "column1,column2\r\nowner,user\r\n", "- - \"owner\"\n  - \"user\"\n")]
    [InlineData("user.name", "\"owner\"\n", "Result\n------\nowner\n", "owner\n", "result\r\nowner\r\n", "\"owner\"\n")]
    [InlineData("length(user.name)", "5\n", "Result\n------\n5\n", "5\n", "result\r\n5\r\n", "5\n")]
    [InlineData("`-1.5`", "-1.5\n", "Result\n------\n-1.5\n", "-1.5\n", "result\r\n'-1.5\r\n", "-1.5\n")]
    [InlineData("`true`", "true\n", "Result\n------\nTrue\n", "true\n", "result\r\ntrue\r\n", "true\n")]
    [InlineData("`[]`", "[]\n", "", "", "\r\n", "[]\n")]
    [InlineData("`{}`", "{}\n", "", "\n", "\r\n\r\n", "{}\n")]
    [InlineData("'=1+1'", "\"=1+1\"\n", "Result\n------\n=1+1\n", "=1+1\n", "result\r\n'=1+1\r\n", "\"=1\\u002B1\"\n")]
    [InlineData("nothing", "", "", "", "", "")]
    [InlineData("user.nothing.at.all", "", "", "", "", "")]
    public async Task A_raw_answer_is_printed_as_what_it_is(string query, params string[] expected)
    {
        foreach (var (form, text) in Forms.Zip(expected))
            Assert.Equal((form, text), (form, (await _client.RunAsync("account", "show", "--query", query, "-o", form)).Succeeded().Output));
    }

    [Fact]
    public async Task Apart_by_tabs_stand_all_values_as_the_Azure_CLI_writes_them()
    {
        const string query = "{a: user, b: [user.name, user.type], c: nothing, d: user.name, e: `true`}";
        Assert.Equal("\t2\tNone\towner\tTrue\n", await TextAsync("account", "show", "--query", query, "-o", "tsv"));
        Assert.Equal("\t2\tNone\towner\tTrue\n", await TextAsync("account", "show", "--query", $"[{query}]", "-o", "tsv"));
    }

    [Fact]
    public async Task A_query_over_names_that_are_listed_works_as_over_any_list()
    {
        foreach (var name in (string[])["a", "b"]) await Client.PushImageAsync($"{Repo}/{name}", "1");
        string[] list = ["acr", "repository", "list", "--name", $"https://{_client.Host}", "-u", Fixture.Endpoint.User, "--password", Fixture.Endpoint.Password, "--query"];
        Assert.Equal($"{Repo}/a\n{Repo}/b\n", await TextAsync([.. list, $"[?starts_with(@, '{Repo}')]", "-o", "tsv"]));
        Assert.Equal("2\n", await TextAsync([.. list, $"length([?starts_with(@, '{Repo}')])", "-o", "tsv"]));
        Assert.Equal($"result\r\n{Repo}/b\r\n", await TextAsync([.. list, $"[?ends_with(@, '{Repo}/b')] | [0]", "-o", "csv"]));
        Assert.Empty(await TextAsync([.. list, "[?@ == 'absent'] | [0]"]));
    }

    private async Task<string> TextAsync(params string[] arguments) => (await _client.RunAsync(arguments)).Succeeded().Output;
}

using System.Text.Json;
using Berth.Cli.Query;
using Berth.Cli.Tests.Fakes;
using Berth.Testing;

namespace Berth.Cli.Tests.Query;

/// <summary>What the Azure CLI's own library finds by an expression (Python's jmespath, which its <c>--query</c> is) and what the client finds, in the same answers.</summary>
public sealed class AzureCliQueryTests : IDisposable
{
    private const string Answer = """
        [{"name":"v1","digest":"sha256:aa","createdTime":"2026-03-01T12:00:00.0000000Z","signed":false,"size":3,"share":0.5,"tags":["v1","latest"],"os":null,
          "changeableAttributes":{"deleteEnabled":true,"writeEnabled":false}},
         {"name":"v2","digest":"sha256:bb","createdTime":"2026-03-02T12:00:00.0000000Z","signed":true,"size":20,"share":1.5,"tags":[],"os":"linux",
          "changeableAttributes":{"deleteEnabled":false,"writeEnabled":true}},
         {"name":"été 𝄞","digest":"sha256:cc","createdTime":"2026-03-03T12:00:00.0000000Z","signed":false,"size":-1,"share":0,"tags":["x"],"os":"windows",
          "changeableAttributes":{"deleteEnabled":true,"writeEnabled":true}}]
        """;

    private static readonly string[] Expressions =
    [
        // What scripts of operators say.
        "[0].name", "[].name", "[*].name", "[-1].digest", "[?name=='v1'].digest | [0]", "[?signed].name", "[?!signed].name", "[].{n:name,s:size}", "[].[name, signed]", "length(@)",
        "[?changeableAttributes.writeEnabled==`true`].name", "[?contains(tags, 'latest')].digest", "[?starts_with(name, 'v')] | [1].name", "sort_by(@, &size)[].name", "reverse(sort_by(@, &name))[0].name",
        "max_by(@, &size).name", "min_by(@, &share).name", "[].tags[]", "[].tags", "[].tags[0]", "sum([].size)", "avg([].size)", "join(',', [].name)", "[?os!=null].os", "[?os==null].name", "[].os",
        "[?size > `2`].name", "[?size >= `3` && size < `20`].name", "[?size<`0` || signed].name", "[?name > 'v1'].name", "[?(signed || size==`3`) && os].name", "[0].nothing", "[0].nothing.at.all", "[9]",
        "keys([0].changeableAttributes) | sort(@)", "[0].changeableAttributes.*", "[].changeableAttributes.deleteEnabled | [0]", "values([0].changeableAttributes)", "to_string([0].size)",
        "to_number('12.5')", "to_number('x')", "to_array([0].name)", "type([0].share)", "not_null([0].os, [0].name)", "merge([0].changeableAttributes, `{\"x\": 1}`)", "map(&size, @)", "ceil([1].share)",
        "floor([1].share)", "abs([2].size)", "max([].size)", "max([].name)", "ends_with([0].digest, 'aa')", "length([2].name)", "reverse([0].name)", "reverse([2].name)", "[::2].name", "[::-1].name", "[1:].name", "[:-1].name",
        "[5:1:-2].name", "@", "`[1, 2.0, -0, 1e2]`", "`\"a\"`", "'raw \\'text\\''", "\"name\"", "[0].\"name\"", "{a: @[0].name, b: 'c'}.b", "[0] && [1].name", "[0].os || [1].os", "!@", "!`[]`", "[][]", "[].tags[] | [?@=='x']",
        "[?tags].name", "[?changeableAttributes].size", "[*].[tags[0], os]", "sort([].size)", "sort([].name)", "contains([0].name, 'v')", "[?size==`3.0`].name", "[?share==`0`].name", "`0` == `false`", "`1` == `true`",
        "[0].name == 'v1'", "[?name==`v1`].size", "` foo bar `", "`{`", "`a\\n`", "`a\"b`", "``", "` `", "[0].tags == `[\"v1\",\"latest\"]`", "[0].changeableAttributes == `{\"writeEnabled\":false,\"deleteEnabled\":true}`",

        // What cannot be read or applied.
        "[?name=v1]", "[", "name name", "nothing(@)", "length(`1`)", "sort_by(@, &changeableAttributes)", "sort([].os)", "join(',', [].size)", "sum([].name)", "abs('x')", "[::0]", "max_by(@, &os)", "starts_with([0].size, 'v')",
        "to_number()", "&name", "{a}", "[0].", "'open", "map(name, @)", "avg(`[]`)", "merge([0].name, `{}`)", "foo.-1", "",
    ];

    private const string Program = """
        import json, sys
        import jmespath
        asked = json.load(open(sys.argv[1], encoding='utf-8'))
        def find(expression):
            try:
                found = jmespath.search(expression, asked['answer'])
                json.dumps(found)
                return {'found': found}
            except Exception as e:
                return {'refused': str(e)}
        json.dump([find(expression) for expression in asked['expressions']], open(sys.argv[2], 'w'))
        """;

    private readonly ClientProgram _client = new();

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task An_expression_finds_here_what_it_finds_there()
    {
        var python = await RequireAsync();
        using var answer = JsonDocument.Parse(Answer);
        var (asked, found) = (Path.Combine(_client.Folder, "asked.json"), Path.Combine(_client.Folder, "found.json"));
        await File.WriteAllTextAsync(asked, JsonSerializer.Serialize(new { answer = answer.RootElement, expressions = Expressions }));
        var run = await _client.StartAsync(python, "-c", Program, asked, found);
        Assert.Equal((0, ""), (run.Status, run.Errors));

        using var theirs = JsonDocument.Parse(await File.ReadAllTextAsync(found));
        var different = Expressions.Zip(theirs.RootElement.EnumerateArray()).Where(pair => !IsSame(Search(pair.First, answer.RootElement), pair.Second)).ToList();
        Assert.Equal("", string.Join('\n', different.Select(pair => $"{pair.First}: {Search(pair.First, answer.RootElement)?.GetRawText() ?? "refused"} here, {pair.Second.GetRawText()} there")));
    }

    // Null where it is refused.
    private static JsonElement? Search(string expression, JsonElement answer)
    {
        try
        {
            return JmesPath.Parse(expression).Search(answer);
        }
        catch (QueryException)
        {
            return null;
        }
    }

    private static bool IsSame(JsonElement? here, JsonElement there) =>
        there.TryGetProperty("found", out var found) ? here is { } value && JsonElement.DeepEquals(value, found) : here is null;

    private async Task<string> RequireAsync()
    {
        // The one of the system is the Azure CLI's.
        foreach (var python in (string[])["/usr/bin/python3", Completion.Shell.Require("python3")])
        {
            if (File.Exists(python) && (await _client.StartAsync(python, "-c", "import jmespath")).Status == 0) return python;
        }

        if (TestRun.IsContinuousIntegration) Assert.Fail("The Azure CLI's library jmespath is not installed.");
        Assert.Skip("The Azure CLI's library jmespath is not installed.");
        return "";
    }
}

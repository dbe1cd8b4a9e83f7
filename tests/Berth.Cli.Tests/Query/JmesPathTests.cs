using System.Text.Json;
using Berth.Cli.Query;

namespace Berth.Cli.Tests.Query;

/// <summary>JMESPath as its specification describes it.</summary>
public sealed class JmesPathTests
{
    private const string Cluster = """
        {"name":"a","a-b":1,"nested":{"x":{"y":"deep"}},"list":[0,1,2,3,4,5],"none":null,"empty":[],"zero":0,"yes":true,"no":false,
         "people":[{"name":"Ann","age":30,"tags":["x","y"]},{"name":"Bob","age":25,"tags":["z"]},{"name":"Cy","tags":[]},{"name":"Di","age":41}],
         "ops":{"a":{"n":1},"b":{"n":2},"c":{"m":3}},"lists":[[0,1],2,[3,[4]]],"texts":["b","a","c"],"mixed":[1,"a"],"numbers":[3,-1,2.5]}
        """;

    [Theory]
    [InlineData("name", "\"a\"")]
    [InlineData("\"a-b\"", "1")]
    [InlineData("absent", "null")]
    [InlineData("nested.x.y", "\"deep\"")]
    [InlineData(" nested . x ", "{\"y\":\"deep\"}")]
    [InlineData("name.x", "null")]
    [InlineData("@", Cluster)]
    [InlineData("list[0]", "0")]
    [InlineData("list[-1]", "5")]
    [InlineData("list[6]", "null")]
    [InlineData("name[0]", "null")]
    [InlineData("list[1:3]", "[1,2]")]
    [InlineData("list[:2]", "[0,1]")]
    [InlineData("list[::2]", "[0,2,4]")]
    [InlineData("list[::-1]", "[5,4,3,2,1,0]")]
    [InlineData("list[-2:]", "[4,5]")]
    [InlineData("list[4:1:-2]", "[4,2]")]
    [InlineData("list[-100:100]", "[0,1,2,3,4,5]")]
    [InlineData("people[*].name", "[\"Ann\",\"Bob\",\"Cy\",\"Di\"]")]
    [InlineData("people[*].age", "[30,25,41]")]
    [InlineData("people[:2].name", "[\"Ann\",\"Bob\"]")]
    [InlineData("people[*].tags[0]", "[\"x\",\"z\"]")]
    [InlineData("people[*].name | [0]", "\"Ann\"")]
    [InlineData("people[].tags[]", "[\"x\",\"y\",\"z\"]")]
    [InlineData("people[*].tags | []", "[\"x\",\"y\",\"z\"]")]
    [InlineData("name[*]", "null")]
    [InlineData("ops.*.n", "[1,2]")]
    [InlineData("*.x.y", "[\"deep\"]")]
    [InlineData("list.*", "null")]
    [InlineData("lists[]", "[0,1,2,3,[4]]")]
    [InlineData("lists[][]", "[0,1,2,3,4]")]
    [InlineData("people[?age > `28`].name", "[\"Ann\",\"Di\"]")]
    [InlineData("people[?name=='Bob'].age | [0]", "25")]
    [InlineData("people[?!age].name", "[\"Cy\"]")]
    [InlineData("people[?age < `28` || name == 'Di'].name", "[\"Bob\",\"Di\"]")]
    [InlineData("people[?age && tags].name", "[\"Ann\",\"Bob\"]")]
    [InlineData("people[?contains(tags || `[]`, 'x')].name", "[\"Ann\"]")]
    [InlineData("people[?tags[?@ == 'z']].name", "[\"Bob\"]")]
    [InlineData("people[?age].[name, age]", "[[\"Ann\",30],[\"Bob\",25],[\"Di\",41]]")]
    [InlineData("people[0].{who: name, years: age, none: x}", "{\"who\":\"Ann\",\"years\":30,\"none\":null}")]
    [InlineData("people[*].{\"the who\": name} | [1]", "{\"the who\":\"Bob\"}")]
    [InlineData("[name, list[0]]", "[\"a\",0]")]
    [InlineData("absent.[a, b]", "null")]
    [InlineData("none.{a: a}", "null")]
    [InlineData("none || empty || name", "\"a\"")]
    [InlineData("zero || name", "0")]
    [InlineData("no || yes && name", "\"a\"")]
    [InlineData("!(no || yes)", "false")]
    [InlineData("!!name", "true")]
    [InlineData("'it\\'s'", "\"it's\"")]
    [InlineData("'a\\b'", "\"a\\\\b\"")]
    [InlineData("`{\"a\": [1, null]}`", "{\"a\":[1,null]}")]
    [InlineData("`\"back\\`tick\"`", "\"back`tick\"")]
    [InlineData("list == `[0,1,2,3,4,5]`", "true")]
    [InlineData("zero == `0.0`", "true")]
    [InlineData("`{\"a\":1,\"b\":2}` == `{\"b\":2,\"a\":1}`", "true")]
    [InlineData("name != 'a'", "false")]
    [InlineData("yes < no", "null")]
    [InlineData("abs(`-3`)", "3")]
    [InlineData("avg(numbers)", "1.5")]
    [InlineData("avg(empty)", "null")]
    [InlineData("ceil(`1.2`)", "2")]
    [InlineData("floor(`-1.2`)", "-2")]
    [InlineData("sum(numbers)", "4.5")]
    [InlineData("sum(empty)", "0")]
    [InlineData("contains('abc', 'b')", "true")]
    [InlineData("contains(list, `9`)", "false")]
    [InlineData("ends_with('abc', 'bc')", "true")]
    [InlineData("starts_with('abc', 'bc')", "false")]
    [InlineData("join(', ', texts)", "\"b, a, c\"")]
    [InlineData("keys(ops)", "[\"a\",\"b\",\"c\"]")]
    [InlineData("values(ops)[*].n", "[1,2]")]
    [InlineData("length(list)", "6")]
    [InlineData("length('a😀')", "2")]
    [InlineData("length(ops)", "3")]
    [InlineData("map(&name, people)", "[\"Ann\",\"Bob\",\"Cy\",\"Di\"]")]
    [InlineData("map(&age, people)", "[30,25,null,41]")]
    [InlineData("max(numbers)", "3")]
    [InlineData("min(texts)", "\"a\"")]
    [InlineData("max(empty)", "null")]
    [InlineData("max_by(people[?age], &age).name", "\"Di\"")]
    [InlineData("min_by(people[?age], &age).name", "\"Bob\"")]
    [InlineData("min_by(empty, &age)", "null")]
    [InlineData("merge(`{\"a\":1,\"b\":2}`, `{\"b\":3}`)", "{\"a\":1,\"b\":3}")]
    [InlineData("not_null(none, absent, name)", "\"a\"")]
    [InlineData("not_null(none)", "null")]
    [InlineData("reverse(texts)", "[\"c\",\"a\",\"b\"]")]
    [InlineData("reverse('ab😀')", "\"😀ba\"")]
    [InlineData("sort(texts)", "[\"a\",\"b\",\"c\"]")]
    [InlineData("sort(numbers)", "[-1,2.5,3]")]
    [InlineData("sort_by(people[?age], &age)[*].name", "[\"Bob\",\"Ann\",\"Di\"]")]
    [InlineData("to_array(name)", "[\"a\"]")]
    [InlineData("to_array(texts)", "[\"b\",\"a\",\"c\"]")]
    [InlineData("to_number('1.50')", "1.5")]
    [InlineData("to_number('x')", "null")]
    [InlineData("to_string(ops.a)", "\"{\\\"n\\\":1}\"")]
    [InlineData("to_string('x')", "\"x\"")]
    [InlineData("type(none)", "\"null\"")]
    [InlineData("[type(list), type(ops), type(yes), type(zero), type(name)]", "[\"array\",\"object\",\"boolean\",\"number\",\"string\"]")]
    [InlineData("people[*].tags[*] | [0]", "[\"x\",\"y\"]")]
    [InlineData("length(people[?age > `28`])", "2")]
    public void An_expression_finds_what_the_specification_says(string expression, string expected)
    {
        var found = JmesPath.Parse(expression).Search(Read(Cluster));
        Assert.True(JsonElement.DeepEquals(Read(expected), found), $"{expression} -> {found.GetRawText()}, not {expected}");
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("a.", 2)]
    [InlineData("a..b", 2)]
    [InlineData("a b", 2)]
    [InlineData("a[", 2)]
    [InlineData("a[1", 3)]
    [InlineData("a[b]", 2)]
    [InlineData("a.[0]", 2)]
    [InlineData("a[::0]", 4)]
    [InlineData("a[?b", 4)]
    [InlineData("a[99999999999]", 2)]
    [InlineData("{a}", 2)]
    [InlineData("{a:}", 3)]
    [InlineData("'a", 0)]
    [InlineData("a || `\"`", 5)]
    [InlineData("a # b", 2)]
    [InlineData("x.nosuch(a)", 2)]
    [InlineData("length(a, b)", 0)]
    [InlineData("length()", 0)]
    [InlineData("a | &b", 4)]
    [InlineData("(a", 2)]
    public void An_expression_that_is_none_is_refused_with_its_position(string expression, int position)
    {
        var refused = Assert.Throws<QueryException>(() => JmesPath.Parse(expression));
        Assert.Equal(position, refused.Position);
        Assert.Contains($"at character {position + 1} ", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("abs('x')", "abs() needs a number as argument 1, not a string")]
    [InlineData("list | sort(@) | keys(@)", "keys() needs an object as argument 1, not an array")]
    [InlineData("sort(mixed)", "sort() needs a list of numbers or of texts")]
    [InlineData("sort_by(people, &age)", "sort_by() needs an expression that makes all texts or all numbers")]
    [InlineData("sort_by(people, age)", "sort_by() needs an expression such as &name as argument 2")]
    [InlineData("length(&a)", "length() needs a value, no expression")]
    [InlineData("join(',', list)", "join() needs a list of texts")]
    public void A_function_refuses_what_it_does_not_take(string expression, string message) =>
        Assert.Contains(message, Assert.Throws<QueryException>(() => JmesPath.Parse(expression).Search(Read(Cluster))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_slice_takes_what_Python_s_takes() =>
        Gen.Select(Gen.Int[0, 8], Bound, Bound, Gen.Int[-4, 4].Where(step => step != 0)).Sample((length, start, stop, step) =>
        {
            var list = Enumerable.Range(0, length).ToList();
            var found = JmesPath.Parse($"[{start}:{stop}:{step}]").Search(Read($"[{string.Join(',', list)}]"));
            Assert.Equal(Python(list, start, stop, step), found.EnumerateArray().Select(one => one.GetInt32()));
        });

    [Fact]
    public void Any_text_is_an_expression_or_refused_and_no_more() =>
        Gen.Char["ab.*[]?|&!<>=(){},:@`'\"-01 "].Array[0, 24].Select(chars => new string(chars)).Sample(text =>
        {
            try
            {
                JmesPath.Parse(text).Search(Read(Cluster));
            }
            catch (QueryException e)
            {
                Assert.InRange(e.Position, 0, text.Length);
            }
        });

    [Fact]
    public void Sorting_keeps_the_order_of_what_is_equal() =>
        Gen.Int[0, 3].List[0, 20].Sample(keys =>
        {
            var list = Read($"[{string.Join(',', keys.Select((key, i) => $"{{\"k\":{key},\"i\":{i}}}"))}]");
            var sorted = JmesPath.Parse("sort_by(@, &k)[*].i").Search(list).EnumerateArray().Select(one => one.GetInt32());
            Assert.Equal(Enumerable.Range(0, keys.Count).OrderBy(i => keys[i]), sorted);
        });

    [Theory]
    [InlineData("!")]
    [InlineData("(")]
    [InlineData("a.")]
    [InlineData("[?")]
    public void An_expression_without_end_is_refused(string part) =>
        Assert.Throws<QueryException>(() => JmesPath.Parse(string.Concat(Enumerable.Repeat(part, 100_000))));

    [Theory]
    [InlineData("[", "@", "]", 49)]
    [InlineData("[@]", " | [@]", "", 490)]
    public void What_a_query_puts_into_many_lists_is_made(string start, string more, string end, int times)
    {
        var query = start == "[" ? string.Concat(Enumerable.Repeat(start, times)) + more + string.Concat(Enumerable.Repeat(end, times)) : start + string.Concat(Enumerable.Repeat(more, times));
        var found = JmesPath.Parse(query).Search(Read("1"));
        Assert.StartsWith(new string('[', times), found.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_chain_has_up_to_500_parts()
    {
        var longest = "a" + string.Concat(Enumerable.Repeat(".a", 500));
        JmesPath.Parse(longest);
        Assert.Contains("more than 500 parts", Assert.Throws<QueryException>(() => JmesPath.Parse(longest + ".a")).Message, StringComparison.Ordinal);
    }

    private static Gen<string> Bound => Gen.Int[-10, 10].Select(n => n == 10 ? "" : n.ToString(System.Globalization.CultureInfo.InvariantCulture));

    private static List<int> Python(List<int> list, string from, string to, int step)
    {
        int? Read(string text) => text.Length == 0 ? null : int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
        var all = step > 0 ? Enumerable.Range(0, list.Count) : Enumerable.Range(0, list.Count).Reverse();
        var (start, stop) = (Read(from), Read(to));
        if (start < 0) start += list.Count;
        if (stop < 0) stop += list.Count;
        // Entry by entry, not by bounds: those on the right side of both ends, of which each step-th counts from the first.
        var within = all.Where(i => step > 0 ? (start is null || i >= start) && (stop is null || i < stop) : (start is null || i <= start) && (stop is null || i > stop)).ToList();
        return [.. within.Where((_, place) => place % Math.Abs(step) == 0)];
    }

    private static JsonElement Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}

using System.Text.Json;

namespace Berth.Cli.Query;

/// <summary>What a function gets, of the kinds that it takes.</summary>
internal sealed class Arguments
{
    private readonly Expression.Call _call;
    private readonly List<JsonElement> _values = [];
    private Expression? _reference;

    private Arguments(Expression.Call call) => _call = call;

    /// <summary>Every argument.</summary>
    public IReadOnlyList<JsonElement> All => _values;

    /// <summary>An argument.</summary>
    public JsonElement this[int position] => _values[position];

    /// <summary>The arguments of a call.</summary>
    /// <exception cref="QueryException">One is not of the kind that the function takes.</exception>
    public static Arguments Read(Expression.Call call, Function function, JsonElement value)
    {
        var arguments = new Arguments(call);
        for (var i = 0; i < call.Arguments.Count; i++)
        {
            var kind = function.KindOf(i);
            if (call.Arguments[i] is Expression.Reference reference != (kind == '&'))
                throw arguments.Refuse(i, kind == '&' ? "an expression such as &name" : "a value, no expression");
            arguments._reference ??= (call.Arguments[i] as Expression.Reference)?.Inner;
            var argument = kind == '&' ? default : JmesPath.Evaluate(call.Arguments[i], value);
            if (!IsOfKind(argument, kind)) throw arguments.Refuse(i, Describe(kind), Values.TypeOf(argument));
            arguments._values.Add(argument);
        }

        return arguments;
    }

    /// <summary>A number.</summary>
    public double Number(int position) => _values[position].GetDouble();

    /// <summary>A text.</summary>
    public string Text(int position) => _values[position].GetString()!;

    /// <summary>A list's entries.</summary>
    public List<JsonElement> Items(int position) => [.. _values[position].EnumerateArray()];

    /// <summary>What the expression among the arguments makes of a value.</summary>
    public JsonElement Apply(JsonElement value) => JmesPath.Evaluate(_reference!, value);

    /// <summary>The entries of the list, each with what the expression makes of it: all numbers, or all texts.</summary>
    /// <exception cref="QueryException">They are not.</exception>
    public List<(JsonElement Key, JsonElement Item)> Keyed()
    {
        var pairs = Items(0).ConvertAll(item => (Apply(item), item));
        if (!AreOrdered(pairs.ConvertAll(pair => pair.Item1))) throw Refuse(1, "an expression that makes all texts or all numbers of the entries");
        return pairs;
    }

    private static bool IsOfKind(JsonElement value, char kind) => kind switch
    {
        'n' => value.ValueKind == JsonValueKind.Number,
        's' => value.ValueKind == JsonValueKind.String,
        'o' => value.ValueKind == JsonValueKind.Object,
        'a' => value.ValueKind == JsonValueKind.Array,
        'N' => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number),
        'S' => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String),
        'O' => value.ValueKind == JsonValueKind.Array && AreOrdered([.. value.EnumerateArray()]),
        'c' or 'r' => value.ValueKind is JsonValueKind.Array or JsonValueKind.String,
        'l' => value.ValueKind is JsonValueKind.Array or JsonValueKind.String or JsonValueKind.Object,
        _ => true,
    };

    private static bool AreOrdered(List<JsonElement> items) =>
        items.TrueForAll(item => item.ValueKind == JsonValueKind.Number) || items.TrueForAll(item => item.ValueKind == JsonValueKind.String);

    private static string Describe(char kind) => kind switch
    {
        'n' => "a number",
        's' => "a text",
        'o' => "an object",
        'a' => "a list",
        'N' => "a list of numbers",
        'S' => "a list of texts",
        'O' => "a list of numbers or of texts",
        'l' => "a list, a text or an object",
        _ => "a list or a text",
    };

    private QueryException Refuse(int position, string wanted, string? found = null) =>
        new(_call.Position, $"{_call.Name}() needs {wanted} as argument {position + 1}{(found is null ? "" : $", not {(found is "array" or "object" ? "an" : "a")} {found}")}");
}

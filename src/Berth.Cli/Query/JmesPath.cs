using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Query;

/// <summary>A JMESPath expression, which makes of an answer what is printed.</summary>
internal sealed class JmesPath
{
    private readonly Expression _expression;

    private JmesPath(Expression expression) => _expression = expression;

    /// <summary>Reads an expression.</summary>
    /// <exception cref="QueryException">It cannot be read.</exception>
    public static JmesPath Parse(string text) => new(Parser.Parse(text));

    /// <summary>What the expression makes of a value.</summary>
    /// <exception cref="QueryException">A function does not take what it gets.</exception>
    public JsonElement Search(JsonElement value) => Evaluate(_expression, value);

    /// <summary>What a part of an expression makes of a value.</summary>
    internal static JsonElement Evaluate(Expression expression, JsonElement value) => expression switch
    {
        Expression.Current => value,
        Expression.Field field => value.ValueKind == JsonValueKind.Object && value.TryGetProperty(field.Name, out var property) ? property : Values.Null,
        Expression.Literal literal => literal.Value,
        Expression.Index index => EntryOf(value, index.Position),
        Expression.Slice slice => SliceOf(value, slice),
        Expression.Then then => Evaluate(then.Right, Evaluate(then.Left, value)),
        Expression.Projection projection => Project(EntriesOf(Evaluate(projection.Left, value), projection.Over), projection.Right),
        Expression.Filter filter => Project(
            EntriesOf(Evaluate(filter.Left, value), ProjectionKind.List)?.Where(item => Values.IsTrue(Evaluate(filter.Condition, item))), filter.Right),
        Expression.List list => value.ValueKind == JsonValueKind.Null ? Values.Null : Values.Of(list.Items.Select(item => Evaluate(item, value))),
        Expression.Hash hash => value.ValueKind == JsonValueKind.Null ? Values.Null : HashOf(hash, value),
        Expression.Comparison comparison => Compare(Evaluate(comparison.Left, value), comparison.Operator, Evaluate(comparison.Right, value)),
        Expression.Or or => Evaluate(or.Left, value) is var left && Values.IsTrue(left) ? left : Evaluate(or.Right, value),
        Expression.And and => Evaluate(and.Left, value) is var left && !Values.IsTrue(left) ? left : Evaluate(and.Right, value),
        Expression.Not not => Values.Of(!Values.IsTrue(Evaluate(not.Inner, value))),
        Expression.Call call => Functions.Call(call, value),
        _ => throw new InvalidOperationException($"{expression.GetType().Name} has no value of its own."),
    };

    private static JsonElement EntryOf(JsonElement value, int position)
    {
        if (value.ValueKind != JsonValueKind.Array) return Values.Null;
        var length = value.GetArrayLength();
        if (position < 0) position += length;
        return position >= 0 && position < length ? value[position] : Values.Null;
    }

    private static JsonElement SliceOf(JsonElement value, Expression.Slice slice)
    {
        if (value.ValueKind != JsonValueKind.Array) return Values.Null;
        var length = value.GetArrayLength();
        var (low, high) = slice.Step > 0 ? (0, length) : (-1, length - 1);
        var start = slice.Start is { } first ? Bound(first) : slice.Step > 0 ? low : high;
        var stop = slice.Stop is { } last ? Bound(last) : slice.Step > 0 ? high : low;
        var items = new List<JsonElement>();
        for (long i = start; slice.Step > 0 ? i < stop : i > stop; i += slice.Step) items.Add(value[(int)i]);
        return Values.Of(items);

        int Bound(int position) => (int)Math.Clamp(position < 0 ? (long)position + length : position, low, high);
    }

    private static IEnumerable<JsonElement>? EntriesOf(JsonElement value, ProjectionKind kind) => (kind, value.ValueKind) switch
    {
        (ProjectionKind.List, JsonValueKind.Array) => value.EnumerateArray(),
        (ProjectionKind.Object, JsonValueKind.Object) => value.EnumerateObject().Select(property => property.Value),
        (ProjectionKind.Flattened, JsonValueKind.Array) => value.EnumerateArray().SelectMany(
            item => item.ValueKind == JsonValueKind.Array ? item.EnumerateArray() : (IEnumerable<JsonElement>)[item]),
        _ => null,
    };

    private static JsonElement Project(IEnumerable<JsonElement>? items, Expression right) => items is null
        ? Values.Null
        : Values.Of(items.Select(item => Evaluate(right, item)).Where(item => item.ValueKind != JsonValueKind.Null));

    private static JsonElement HashOf(Expression.Hash hash, JsonElement value) => Json.Make(json =>
    {
        foreach (var (name, item) in hash.Items)
        {
            json.WritePropertyName(name);
            Evaluate(item, value).WriteTo(json);
        }
    });

    // Only numbers are ordered; the texts that hold times are too, as the implementations in use have it.
    private static JsonElement Compare(JsonElement left, string comparison, JsonElement right)
    {
        if (comparison is "==" or "!=") return Values.Of(Values.AreEqual(left, right) == (comparison == "=="));
        if (left.ValueKind != right.ValueKind || left.ValueKind is not (JsonValueKind.Number or JsonValueKind.String)) return Values.Null;
        var order = Values.Compare(left, right);
        return Values.Of(comparison switch { "<" => order < 0, "<=" => order <= 0, ">" => order > 0, _ => order >= 0 });
    }
}

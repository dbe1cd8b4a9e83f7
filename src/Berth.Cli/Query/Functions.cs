using System.Globalization;
using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Query;

/// <summary>The functions of JMESPath's specification.</summary>
internal static class Functions
{
    private static readonly Dictionary<string, Function> Known = new(StringComparer.Ordinal)
    {
        ["abs"] = new("n", a => Values.Of(Math.Abs(a.Number(0)))),
        ["avg"] = new("N", a => a.Items(0).Count == 0 ? Values.Null : Values.Of(a.Items(0).Average(item => item.GetDouble()))),
        ["ceil"] = new("n", a => Values.Of(Math.Ceiling(a.Number(0)))),
        ["contains"] = new("c*", Contains),
        ["ends_with"] = new("ss", a => Values.Of(a.Text(0).EndsWith(a.Text(1), StringComparison.Ordinal))),
        ["floor"] = new("n", a => Values.Of(Math.Floor(a.Number(0)))),
        ["join"] = new("sS", a => Values.Of(string.Join(a.Text(0), a.Items(1).Select(item => item.GetString())))),
        ["keys"] = new("o", a => Values.Of(a[0].EnumerateObject().Select(property => Values.Of(property.Name)))),
        ["length"] = new("l", a => Values.Of(LengthOf(a[0]))),
        ["map"] = new("&a", a => Values.Of(a.Items(1).Select(a.Apply))),
        ["max"] = new("O", a => a.Items(0) is { Count: > 0 } items ? items.MaxBy(item => item, Order) : Values.Null),
        ["max_by"] = new("a&", a => a.Keyed() is { Count: > 0 } pairs ? pairs.MaxBy(pair => pair.Key, Order).Item : Values.Null),
        ["merge"] = new("o+", Merge),
        ["min"] = new("O", a => a.Items(0) is { Count: > 0 } items ? items.MinBy(item => item, Order) : Values.Null),
        ["min_by"] = new("a&", a => a.Keyed() is { Count: > 0 } pairs ? pairs.MinBy(pair => pair.Key, Order).Item : Values.Null),
        ["not_null"] = new("*+", a => a.All.FirstOrDefault(item => item.ValueKind != JsonValueKind.Null, Values.Null)),
        ["reverse"] = new("r", Reverse),
        ["sort"] = new("O", a => Values.Of(a.Items(0).Order(Order))),
        ["sort_by"] = new("a&", a => Values.Of(a.Keyed().OrderBy(pair => pair.Key, Order).Select(pair => pair.Item))),
        ["starts_with"] = new("ss", a => Values.Of(a.Text(0).StartsWith(a.Text(1), StringComparison.Ordinal))),
        ["sum"] = new("N", a => Values.Of(a.Items(0).Sum(item => item.GetDouble()))),
        ["to_array"] = new("*", a => a[0].ValueKind == JsonValueKind.Array ? a[0] : Values.Of([a[0]])),
        ["to_number"] = new("*", ToNumber),
        ["to_string"] = new("*", a => a[0].ValueKind == JsonValueKind.String ? a[0] : Values.Of(Compact(a[0]))),
        ["type"] = new("*", a => Values.Of(Values.TypeOf(a[0]))),
        ["values"] = new("o", a => Values.Of(a[0].EnumerateObject().Select(property => property.Value))),
    };

    private static readonly Comparer<JsonElement> Order = Comparer<JsonElement>.Create(Values.Compare);

    /// <summary>Checks that there is such a function, and that it takes so many arguments.</summary>
    /// <exception cref="QueryException">It is otherwise.</exception>
    public static void Check(Token name, IReadOnlyList<Expression> arguments)
    {
        if (!Known.TryGetValue(name.Text, out var function)) throw new QueryException(name.Position, $"there is no function '{name.Text}'");
        if (function.Takes(arguments.Count)) return;
        var (count, more) = (function.Count, function.TakesMore ? " or more" : "");
        throw new QueryException(name.Position, $"{name.Text}() takes {count}{more} argument{(count == 1 ? "" : "s")}, not {arguments.Count}");
    }

    /// <summary>A function's value.</summary>
    /// <exception cref="QueryException">It does not take what it gets.</exception>
    public static JsonElement Call(Expression.Call call, JsonElement value)
    {
        var function = Known[call.Name];
        return function.Run(Arguments.Read(call, function, value));
    }

    private static JsonElement Contains(Arguments a) => Values.Of(a[0].ValueKind == JsonValueKind.String
        ? a[1].ValueKind == JsonValueKind.String && a.Text(0).Contains(a.Text(1), StringComparison.Ordinal)
        : a.Items(0).Exists(item => Values.AreEqual(item, a[1])));

    private static double LengthOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!.EnumerateRunes().Count(),
        JsonValueKind.Array => value.GetArrayLength(),
        _ => value.EnumerateObject().Count(),
    };

    private static JsonElement Merge(Arguments a)
    {
        var merged = new OrderedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var property in a.All.SelectMany(item => item.EnumerateObject())) merged[property.Name] = property.Value;
        return Json.Make(json =>
        {
            foreach (var (name, item) in merged)
            {
                json.WritePropertyName(name);
                item.WriteTo(json);
            }
        });
    }

    private static JsonElement Reverse(Arguments a)
    {
        if (a[0].ValueKind == JsonValueKind.Array) return Values.Of(Enumerable.Reverse(a.Items(0)));
        return Values.Of(string.Concat(a.Text(0).EnumerateRunes().Reverse().Select(rune => rune.ToString())));
    }

    private static JsonElement ToNumber(Arguments a)
    {
        if (a[0].ValueKind == JsonValueKind.Number) return a[0];
        return a[0].ValueKind == JsonValueKind.String
            && double.TryParse(a.Text(0), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number)
            ? Values.Of(number)
            : Values.Null;
    }

    private static string Compact(JsonElement value)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) value.WriteTo(json);
        return System.Text.Encoding.UTF8.GetString(bytes.ToArray());
    }
}

using System.Text.Json;

namespace Berth.Registry.Tests.ApiReference;

/// <summary>Compares JSON with a schema of the API's document, as far as that uses JSON Schema's words.</summary>
internal sealed class SchemaCheck(JsonElement document)
{
    /// <summary>The first thing that the schema does not allow, or null.</summary>
    public string? FindFault(JsonElement schema, JsonElement value, string at = "$")
    {
        schema = Resolve(schema);
        if (schema.TryGetProperty("type", out var type) && !TypesOf(type).Any(each => Is(value, each))) return $"{at} is {value.ValueKind}, not {type}";
        if (schema.TryGetProperty("enum", out var known) && value.ValueKind == JsonValueKind.String && !known.EnumerateArray().Any(each => JsonElement.DeepEquals(each, value)))
            return $"{at} is {value}, not one of {known}";
        return value.ValueKind switch
        {
            JsonValueKind.Object => FindFaultOfObject(schema, value, at),
            JsonValueKind.Array when schema.TryGetProperty("items", out var items) =>
                value.EnumerateArray().Select((item, i) => FindFault(items, item, $"{at}[{i}]")).FirstOrDefault(fault => fault is not null),
            _ => null,
        };
    }

    /// <summary>The schema that a reference leads to, or the schema itself.</summary>
    public JsonElement Resolve(JsonElement schema)
    {
        if (!schema.TryGetProperty("$ref", out var reference)) return schema;
        var found = document;
        foreach (var step in reference.GetString()!.Split('/').Skip(1)) found = found.GetProperty(step);
        return Resolve(found);
    }

    private string? FindFaultOfObject(JsonElement schema, JsonElement value, string at)
    {
        if (schema.TryGetProperty("required", out var required) && required.EnumerateArray().FirstOrDefault(name => !value.TryGetProperty(name.GetString()!, out _)) is { ValueKind: JsonValueKind.String } lacking)
            return $"{at} has no {lacking}";
        schema.TryGetProperty("additionalProperties", out var others);
        foreach (var property in value.EnumerateObject())
        {
            var below = $"{at}.{property.Name}";
            if (schema.TryGetProperty("properties", out var properties) && properties.TryGetProperty(property.Name, out var of))
            {
                if (FindFault(of, property.Value, below) is { } fault) return fault;
            }
            else if (others.ValueKind == JsonValueKind.False)
            {
                return $"{below} is in no schema";
            }
            else if (others.ValueKind == JsonValueKind.Object && FindFault(others, property.Value, below) is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    private static IEnumerable<string> TypesOf(JsonElement type) => type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Select(each => each.GetString()!) : [type.GetString()!];

    private static bool Is(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "null" => value.ValueKind == JsonValueKind.Null,
        _ => throw new NotSupportedException(type),
    };
}

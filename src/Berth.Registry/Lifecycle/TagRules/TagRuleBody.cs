using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Lifecycle.TagRules;

/// <summary>Reads a rule that makes tags write-once from the body of a PUT, and writes rules.</summary>
internal static class TagRuleBody
{
    private const int MaxName = 64;

    /// <summary>Whether a text may be a rule's name.</summary>
    public static bool IsName(string text) =>
        text.Length is > 0 and <= MaxName && char.IsAsciiLetterOrDigit(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    /// <summary>The refusal of a name.</summary>
    public static OciException NoName() =>
        new(OciErrorCode.NameInvalid, $"A rule's name has 1 to {MaxName} letters, digits, '.', '-' and '_', the first of them a letter or digit.");

    /// <summary>The rule of the body.</summary>
    /// <exception cref="OciException">400: the body is none, and the message names the property. 413: it is too large.</exception>
    public static async Task<TagRule> ReadAsync(HttpContext context, string name)
    {
        using var body = await JsonBody.ReadAsync(context);
        RulePattern? repositories = null, tags = null;
        IReadOnlyList<RulePattern> exceptions = [];
        var isDeletable = false;
        foreach (var property in body.RootElement.EnumerateObject())
        {
            switch (property.Name)
            {
                case "name" when property.Value.ValueKind == JsonValueKind.String && property.Value.GetString() == name:
                    break;
                case "repositories":
                    repositories = ReadPattern(property.Name, property.Value, isRegex: false);
                    break;
                case "tags" or "tagsRegex" when tags is not null:
                    throw JsonBody.Bad("Give one of 'tags', a glob, and 'tagsRegex', a regular expression.");
                case "tags" or "tagsRegex":
                    tags = ReadPattern(property.Name, property.Value, property.Name == "tagsRegex");
                    break;
                case "exceptions":
                    exceptions = ReadExceptions(property.Value);
                    break;
                case "deletable":
                    isDeletable = property.Value.ValueKind is JsonValueKind.True or JsonValueKind.False
                        ? property.Value.GetBoolean()
                        : throw JsonBody.Bad("'deletable' must be true or false.");
                    break;
                default:
                    throw JsonBody.Bad($"'{JsonBody.Shorten(property.Name)}' is no property of a rule, or not this one's; there are repositories, tags or tagsRegex, exceptions, deletable.");
            }
        }

        return new TagRule(
            name, repositories ?? new RulePattern("*"), tags ?? throw JsonBody.Bad("Say which tags are write-once: 'tags', a glob such as v*, or 'tagsRegex', a regular expression."), exceptions, isDeletable);
    }

    /// <summary>Writes the members of a rule.</summary>
    public static void Write(Utf8JsonWriter json, TagRuleRecord record)
    {
        var rule = record.Rule;
        json.WriteString("name"u8, rule.Name);
        json.WriteString("repositories"u8, rule.Repositories.Text);
        json.WriteString(rule.Tags.IsRegex ? "tagsRegex"u8 : "tags"u8, rule.Tags.Text);
        json.WriteStartArray("exceptions"u8);
        foreach (var exception in rule.Exceptions) json.WriteStringValue(exception.Text);
        json.WriteEndArray();
        json.WriteBoolean("deletable"u8, rule.IsDeletable);
        json.WriteString("createdAt"u8, record.Authorship.CreatedAt);
        json.WriteString("createdBy"u8, record.Authorship.CreatedBy);
        json.WriteString("updatedAt"u8, record.Authorship.UpdatedAt);
        json.WriteString("updatedBy"u8, record.Authorship.UpdatedBy);
    }

    private static List<RulePattern> ReadExceptions(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array) throw JsonBody.Bad("'exceptions' must be a list of globs.");
        if (value.GetArrayLength() > TagRule.MostExceptions) throw JsonBody.Bad($"A rule has at most {TagRule.MostExceptions} exceptions.");
        return [.. value.EnumerateArray().Select(exception => ReadPattern("exceptions", exception, isRegex: false))];
    }

    private static RulePattern ReadPattern(string property, JsonElement value, bool isRegex)
    {
        if (value.ValueKind != JsonValueKind.String) throw JsonBody.Bad($"'{property}' must be a text.");
        var text = value.GetString()!;
        return RulePattern.TryParse(text, isRegex, out var pattern, out var error) ? pattern : throw JsonBody.Bad($"'{property}' is '{JsonBody.Shorten(text)}', but {error}.");
    }
}

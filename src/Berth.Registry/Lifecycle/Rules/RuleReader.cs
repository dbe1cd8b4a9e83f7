using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>Reads rules as clients write them; what is no rule is refused with a sentence that names the property.</summary>
internal static class RuleReader
{
    private const int MostPatterns = 20;
    private const int LongestText = 256;
    private const int MostCount = 1_000_000;

    // In the order of a message that lists them.
    private static readonly string[] Known =
    [
        "name", "description", "enabled", "schedule", "repositories", "repositoryRegex", "tags", "tagRegex", "olderThan", "untaggedFor", "notPulledFor", "keepLast", "spareNewest",
        "artifactTypes", "architectures", "largerThan", "keepReleases", "action",
    ];

    /// <summary>Reads a rule.</summary>
    /// <param name="json">The rule.</param>
    /// <param name="name">Its name, where the JSON has none or must have this one.</param>
    /// <param name="longestUnused">For how long pulls are remembered.</param>
    /// <exception cref="OciException">400: it is none.</exception>
    public static LifecycleRule Read(JsonElement json, string name, TimeSpan longestUnused)
    {
        if (json.ValueKind != JsonValueKind.Object) throw JsonBody.Bad("A rule must be a JSON object.");
        var rule = new LifecycleRule(name, 0);
        foreach (var property in json.EnumerateObject()) rule = Set(rule, property, longestUnused);
        Check(rule);
        return rule;
    }

    /// <summary>Reads the rules of a plan, as they were written by <see cref="RuleWriter"/>.</summary>
    public static IReadOnlyList<LifecycleRule> ReadAll(string json)
    {
        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(rule => Read(rule, rule.GetProperty("name").GetString()!, TimeSpan.MaxValue))];
    }

    /// <summary>Reads one rule, as it was written by <see cref="RuleWriter"/>.</summary>
    public static LifecycleRule ReadOne(string name, string json)
    {
        using var document = JsonDocument.Parse(json);
        return Read(document.RootElement, name, TimeSpan.MaxValue);
    }

    /// <summary>Whether the text may be a rule's name.</summary>
    public static bool IsName(string text) =>
        text.Length is > 0 and <= 64 && char.IsAsciiLetterOrDigit(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    private static LifecycleRule Set(LifecycleRule rule, JsonProperty property, TimeSpan longestUnused) => property.Name switch
    {
        "name" => Text(property) == rule.Name ? rule : throw JsonBody.Bad($"'name' is not '{rule.Name}', which the address names."),
        "description" => rule with { Description = Text(property, 1_000) },
        "enabled" => rule with { IsEnabled = Flag(property) },
        "schedule" => rule with { Schedule = ReadSchedule(property) },
        "repositories" => rule with { Repositories = Patterns(property) },
        "repositoryRegex" => rule with { RepositoryRegex = Expression(property) },
        "tags" => rule with { Tags = Patterns(property) },
        "tagRegex" => rule with { TagRegex = Expression(property) },
        "olderThan" => rule with { Conditions = rule.Conditions with { OlderThan = Duration(property) } },
        "untaggedFor" => rule with { Conditions = rule.Conditions with { UntaggedFor = Duration(property) } },
        "notPulledFor" => rule with { Conditions = rule.Conditions with { NotPulledFor = Unused(property, longestUnused) } },
        "keepLast" => rule with { Conditions = rule.Conditions with { KeepLast = Count(property) } },
        "spareNewest" => rule with { Conditions = rule.Conditions with { SpareNewest = Count(property) } },
        "artifactTypes" => rule with { Conditions = rule.Conditions with { ArtifactTypes = Patterns(property) } },
        "architectures" => rule with { Conditions = rule.Conditions with { Architectures = Patterns(property) } },
        "largerThan" => rule with { Conditions = rule.Conditions with { LargerThan = Size(property) } },
        "keepReleases" => rule with { KeepReleases = Releases(property) },
        "action" => rule with { Action = Action(property) },

        // What a server says of a rule comes back when a client sends what it was shown.
        "nextRunAt" or "createdAt" or "createdBy" or "updatedAt" or "updatedBy" => rule,
        _ => throw JsonBody.Bad($"'{JsonBody.Shorten(property.Name)}' is nothing that a rule has; there are {string.Join(", ", Known)}."),
    };

    private static void Check(LifecycleRule rule)
    {
        if (rule.Action == 0) throw JsonBody.Bad("'action' is missing: untag, delete or archive-lock.");
        if (rule.Repositories.Count == 0 && rule.RepositoryRegex is null) throw JsonBody.Bad("'repositories' is missing: patterns such as \"team/*\", or \"**\" for all.");
        var conditions = rule.Conditions;
        if (rule.IsOfUntagged)
        {
            if (rule.Action == LifecycleAction.Untag) throw JsonBody.Bad("A rule with 'untaggedFor' is about manifests without a tag, so that it cannot untag: its action is delete or archive-lock.");
            if (rule.Tags.Count > 0 || rule.TagRegex is not null || conditions.KeepLast > 0 || conditions.SpareNewest > 0)
                throw JsonBody.Bad("A rule with 'untaggedFor' is about manifests without a tag: 'tags', 'tagRegex', 'keepLast' and 'spareNewest' do not go with it; make two rules.");
        }
        else if (conditions is { OlderThan: null, NotPulledFor: null, KeepLast: 0, LargerThan: null, ArtifactTypes.Count: 0, Architectures.Count: 0 } && rule.Tags.Count == 0 && rule.TagRegex is null)
        {
            throw JsonBody.Bad("The rule takes every tag of its repositories. Say which: 'olderThan', 'keepLast', 'notPulledFor', 'tags', or another condition.");
        }
    }

    private static string? ReadSchedule(JsonProperty property)
    {
        if (property.Value.ValueKind == JsonValueKind.Null) return null;
        var text = Text(property);
        return CronSchedule.IsValid(text) ? text : throw JsonBody.Bad("'schedule' must be a cron expression of five fields in UTC that comes at some time, such as \"0 3 * * *\" for three o'clock every night.");
    }

    private static TimeSpan Unused(JsonProperty property, TimeSpan longest)
    {
        var time = Duration(property);
        return time <= longest ? time : throw JsonBody.Bad(
            $"'notPulledFor' may be {RuleDuration.Format(longest)} at most: pulls are remembered for no longer (the server's setting Lifecycle:LedgerRetention).");
    }

    private static TimeSpan Duration(JsonProperty property) => RuleDuration.TryParse(Text(property), out var time)
        ? time
        : throw JsonBody.Bad($"'{property.Name}' must be a time such as \"30d\" or \"2d3h6m\".");

    private static ReleaseLine Releases(JsonProperty property)
    {
        if (property.Value.ValueKind == JsonValueKind.Object)
        {
            List<string> tags = [];
            var count = 0;
            foreach (var inner in property.Value.EnumerateObject())
            {
                if (inner.Name == "tags") tags = Patterns(inner);
                else if (inner.Name == "count") count = Count(inner);
                else throw JsonBody.Bad($"'{JsonBody.Shorten(inner.Name)}' is nothing that 'keepReleases' has; there are tags and count.");
            }

            if (tags.Count > 0 && count > 0) return new ReleaseLine(tags, count);
        }

        throw JsonBody.Bad("'keepReleases' must be an object such as {\"tags\":[\"v*\"],\"count\":3}.");
    }

    private static LifecycleAction Action(JsonProperty property) => property.Value.ValueKind == JsonValueKind.String
        ? RuleWriter.Actions.FirstOrDefault(action => action.Word == property.Value.GetString()) is { Word: not null } known ? known.Action : throw NoAction()
        : throw NoAction();

    private static OciException NoAction() => JsonBody.Bad("'action' must be untag, delete or archive-lock.");

    private static List<string> Patterns(JsonProperty property)
    {
        if (property.Value.ValueKind != JsonValueKind.Array) throw JsonBody.Bad($"'{property.Name}' must be a list of texts.");
        List<string> patterns = [.. property.Value.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.String && item.GetString() is { Length: > 0 and <= LongestText } text
                ? text
                : throw JsonBody.Bad($"'{property.Name}' must be a list of texts of 1 to {LongestText} characters."))];
        return patterns.Count <= MostPatterns ? patterns : throw JsonBody.Bad($"'{property.Name}' may have {MostPatterns} entries; this one has {patterns.Count}.");
    }

    private static string Text(JsonProperty property, int longest = LongestText) =>
        property.Value.ValueKind == JsonValueKind.String && property.Value.GetString() is { Length: > 0 } text && text.Length <= longest
            ? text
            : throw JsonBody.Bad($"'{property.Name}' must be a text of 1 to {longest} characters.");

    private static string Expression(JsonProperty property)
    {
        var text = Text(property, RulePattern.MaxExpression);
        return RulePattern.TryParse(text, isRegex: true, out _, out var error) ? text : throw JsonBody.Bad($"'{property.Name}' is '{JsonBody.Shorten(text)}', but {error}.");
    }

    private static bool Flag(JsonProperty property) => property.Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw JsonBody.Bad($"'{property.Name}' must be true or false."),
    };

    private static int Count(JsonProperty property) => property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetInt32(out var count) && count is >= 0 and <= MostCount
        ? count
        : throw JsonBody.Bad($"'{property.Name}' must be a whole number from 0 to {MostCount}.");

    private static long Size(JsonProperty property) => property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetInt64(out var size) && size >= 0
        ? size
        : throw JsonBody.Bad($"'{property.Name}' must be a whole number of bytes.");
}

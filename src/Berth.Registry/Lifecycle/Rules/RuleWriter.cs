using System.Buffers;
using System.Text;
using System.Text.Json;
using Berth.Metadata;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>Writes rules, each in one way: two that take the same have the same text.</summary>
internal static class RuleWriter
{
    /// <summary>The words for actions.</summary>
    public static readonly IReadOnlyList<(LifecycleAction Action, string Word)> Actions =
        [(LifecycleAction.Untag, "untag"), (LifecycleAction.Delete, "delete"), (LifecycleAction.ArchiveLock, "archive-lock")];

    /// <summary>The word for an action.</summary>
    public static string WordOf(LifecycleAction action) => Actions.First(known => known.Action == action).Word;

    /// <summary>The rule as a row holds it.</summary>
    public static string Text(LifecycleRule rule) => Text(json => Write(json, rule));

    /// <summary>The rules as a plan holds them.</summary>
    public static string Text(IEnumerable<LifecycleRule> rules) => Text(json =>
    {
        json.WriteStartArray();
        foreach (var rule in rules) Write(json, rule);
        json.WriteEndArray();
    });

    /// <summary>What the rule takes, and nothing that makes no difference to that.</summary>
    public static string Selection(LifecycleRule rule) => Text(rule with { Description = null, IsEnabled = true, Schedule = null });

    /// <summary>Writes a rule's members.</summary>
    public static void WriteMembers(Utf8JsonWriter json, LifecycleRule rule)
    {
        json.WriteString("name"u8, rule.Name);
        if (rule.Description is { } description) json.WriteString("description"u8, description);
        json.WriteBoolean("enabled"u8, rule.IsEnabled);
        if (rule.Schedule is { } schedule) json.WriteString("schedule"u8, schedule);
        WriteList(json, "repositories", rule.Repositories);
        if (rule.RepositoryRegex is { } repositoryRegex) json.WriteString("repositoryRegex"u8, repositoryRegex);
        WriteList(json, "tags", rule.Tags);
        if (rule.TagRegex is { } tagRegex) json.WriteString("tagRegex"u8, tagRegex);
        var conditions = rule.Conditions;
        WriteTime(json, "olderThan", conditions.OlderThan);
        WriteTime(json, "untaggedFor", conditions.UntaggedFor);
        WriteTime(json, "notPulledFor", conditions.NotPulledFor);
        if (conditions.KeepLast > 0) json.WriteNumber("keepLast"u8, conditions.KeepLast);
        if (conditions.SpareNewest > 0) json.WriteNumber("spareNewest"u8, conditions.SpareNewest);
        WriteList(json, "artifactTypes", conditions.ArtifactTypes);
        WriteList(json, "architectures", conditions.Architectures);
        if (conditions.LargerThan is { } size) json.WriteNumber("largerThan"u8, size);
        if (rule.KeepReleases is { } releases)
        {
            json.WriteStartObject("keepReleases"u8);
            WriteList(json, "tags", releases.Tags);
            json.WriteNumber("count"u8, releases.Count);
            json.WriteEndObject();
        }

        json.WriteString("action"u8, WordOf(rule.Action));
    }

    private static void Write(Utf8JsonWriter json, LifecycleRule rule)
    {
        json.WriteStartObject();
        WriteMembers(json, rule);
        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        if (texts.Count == 0) return;
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void WriteTime(Utf8JsonWriter json, string name, TimeSpan? time)
    {
        if (time is { } value) json.WriteString(name, RuleDuration.Format(value));
    }

    private static string Text(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer)) write(json);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}

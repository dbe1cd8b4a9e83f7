using System.Text.Json;
using Berth.Metadata;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>Previews, runs and their items as clients see them.</summary>
internal static class PlanJson
{
    /// <summary>Writes the members of a preview or a run.</summary>
    public static void Write(Utf8JsonWriter json, LifecyclePlanRecord plan)
    {
        json.WriteNumber("id"u8, plan.Id);
        json.WriteString("state"u8, WordOf(plan.State));
        if (plan.Message is { } message) json.WriteString("message"u8, message);
        json.WritePropertyName("rules"u8);
        json.WriteRawValue(plan.Plan.Rules);
        json.WriteNumber("tags"u8, plan.Tags);
        json.WriteNumber("manifests"u8, plan.Manifests);
        json.WriteNumber("bytes"u8, plan.Bytes);
        json.WriteNumber("kept"u8, plan.Kept);
        if (plan.Plan.IsRun)
        {
            json.WriteString("cause"u8, plan.Plan.Cause);
            if (plan.Plan.PreviewId is { } preview)
            {
                json.WriteNumber("preview"u8, preview);
                json.WriteNumber("maxDifference"u8, plan.Plan.MaxDifference / 1_000.0);
                json.WriteNumber("added"u8, plan.Added);
            }

            json.WriteNumber("done"u8, plan.Done);
            json.WriteNumber("skipped"u8, plan.Skipped);
        }

        json.WriteString("createdAt"u8, plan.CreatedAt);
        json.WriteString("createdBy"u8, plan.CreatedBy);
        if (plan.StartedAt is { } started) json.WriteString("startedAt"u8, started);
        if (plan.EndedAt is { } ended) json.WriteString("endedAt"u8, ended);
    }

    /// <summary>Writes the members of an item.</summary>
    public static void Write(Utf8JsonWriter json, LifecycleItem item)
    {
        json.WriteString("repository"u8, item.Repository);
        json.WriteString("kind"u8, item.Kind == LifecycleItemKind.Tag ? "tag"u8 : "manifest"u8);
        json.WriteString("name"u8, item.Name);
        json.WriteString("digest"u8, item.Digest.ToString());
        json.WriteString("rule"u8, item.Rule);
        json.WriteString("action"u8, RuleWriter.WordOf(item.Action));
        if (item.IsTaken) json.WriteNumber("bytes"u8, item.Bytes);
        if (item.IsDone is { } isDone) json.WriteString("outcome"u8, isDone ? "done"u8 : "skipped"u8);
        if (item.Reason != LifecycleReason.None) json.WriteString("reason"u8, WordOf(item.Reason));
        if (item.Holder is { } holder) json.WriteString(item.Reason == LifecycleReason.None ? "goesWith"u8 : "keptBy"u8, holder);
    }

    /// <summary>The word for a reason.</summary>
    public static string WordOf(LifecycleReason reason) => JsonNamingPolicy.CamelCase.ConvertName(reason.ToString());

    private static string WordOf(LifecyclePlanState state) => JsonNamingPolicy.CamelCase.ConvertName(state.ToString());
}

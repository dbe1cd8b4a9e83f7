using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;

namespace Berth.Registry.Artifacts;

/// <summary>Reads what the body of a PATCH asks for: any of the flags of what can be locked, and for a repository its settings beside them.</summary>
internal static class ArtifactChanges
{
    private const int MaxBody = 16 * 1024;
    private const string AnonymousPull = "anonymousPullEnabled";
    private const string QuarantineStateName = "quarantineState";
    private const string QuarantineDetailsName = "quarantineDetails";

    // The longest texts, in characters: what a person writes on one line, and a paragraph.
    private static readonly IReadOnlyDictionary<string, int> Texts = new Dictionary<string, int> { ["owner"] = 256, ["contact"] = 256, ["description"] = 2_000 };

    /// <summary>The changes for a tag.</summary>
    /// <exception cref="OciException">400: the body cannot be applied, and the message names the property.</exception>
    public static async Task<LockChanges> ReadLocksAsync(ArtifactRequest request)
    {
        using var body = await JsonBody.ReadAsync(request.Http, MaxBody);
        var changes = default(LockChanges);
        foreach (var property in body.RootElement.EnumerateObject())
        {
            if (!TryAdd(property, ref changes))
                throw JsonBody.Bad($"'{JsonBody.Shorten(property.Name)}' is no setting here; there are {string.Join(", ", ArtifactJson.Flags.Select(flag => flag.Name))}.");
        }

        return changes;
    }

    /// <summary>The changes for a manifest: of its locks, where the body names one, and what is said of its quarantine, where the body says something.</summary>
    /// <exception cref="OciException">400: the body cannot be applied, and the message names the property.</exception>
    public static async Task<(LockChanges? Locks, Quarantine? Found)> ReadManifestAsync(ArtifactRequest request)
    {
        using var body = await JsonBody.ReadAsync(request.Http, MaxBody);
        LockChanges? locks = null;
        QuarantineState? state = null;
        string? details = null;
        foreach (var property in body.RootElement.EnumerateObject())
        {
            var changes = locks ?? default;
            if (TryAdd(property, ref changes)) locks = changes;
            else if (property.Name == QuarantineStateName) state = ReadState(property);
            else if (property.Name == QuarantineDetailsName) details = ReadDetails(property);
            else throw JsonBody.Bad($"'{JsonBody.Shorten(property.Name)}' is no setting here; there are {string.Join(", ", ArtifactJson.Flags.Select(flag => flag.Name))}, {QuarantineStateName}, {QuarantineDetailsName}.");
        }

        if (state is null && details is not null) throw JsonBody.Bad($"'{QuarantineDetailsName}' goes with '{QuarantineStateName}'.");
        return (locks, state is { } said ? new Quarantine(said, null, null) { Details = details } : null);
    }

    private static QuarantineState ReadState(JsonProperty property) =>
        property.Value.ValueKind == JsonValueKind.String && property.Value.GetString() is { } text
        && Enum.GetNames<QuarantineState>().FirstOrDefault(name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } known
            ? Enum.Parse<QuarantineState>(known)
            : throw JsonBody.Bad($"'{property.Name}' must be one of {string.Join(", ", Enum.GetNames<QuarantineState>())}.");

    private static string? ReadDetails(JsonProperty property)
    {
        if (property.Value.ValueKind == JsonValueKind.Null) return null;
        if (property.Value.ValueKind != JsonValueKind.String) throw JsonBody.Bad($"'{property.Name}' must be a text.");
        var text = property.Value.GetString()!;
        return text.Length <= Quarantine.MaxDetails ? text : throw JsonBody.Bad($"'{property.Name}' may have at most {Quarantine.MaxDetails} characters; this one has {text.Length}.");
    }

    /// <summary>The changes for a repository.</summary>
    /// <exception cref="OciException">400: the body cannot be applied, and the message names the property.</exception>
    public static async Task<RepositoryChanges> ReadRepositoryAsync(ArtifactRequest request)
    {
        using var body = await JsonBody.ReadAsync(request.Http, MaxBody);
        var locks = default(LockChanges);
        var changes = new RepositoryChanges();
        foreach (var property in body.RootElement.EnumerateObject())
        {
            if (TryAdd(property, ref locks)) continue;
            changes = property.Name switch
            {
                AnonymousPull => changes with { AnonymousPull = ReadFlag(property) },
                "owner" => changes with { Owner = ReadText(property) },
                "contact" => changes with { Contact = ReadText(property) },
                "description" => changes with { Description = ReadText(property) },
                _ => throw JsonBody.Bad(
                    $"'{JsonBody.Shorten(property.Name)}' is no setting of a repository; there are "
                    + $"{string.Join(", ", ArtifactJson.Flags.Select(flag => flag.Name))}, {AnonymousPull}, {string.Join(", ", Texts.Keys)}."),
            };
        }

        return changes with { Locks = locks };
    }

    private static bool TryAdd(JsonProperty property, ref LockChanges changes)
    {
        foreach (var (name, flag) in ArtifactJson.Flags)
        {
            if (property.Name != name) continue;

            // Of a name that is there twice the last one counts.
            changes = ReadFlag(property)
                ? new LockChanges(changes.Set & ~flag, changes.Clear | flag)
                : new LockChanges(changes.Set | flag, changes.Clear & ~flag);
            return true;
        }

        return false;
    }

    private static bool ReadFlag(JsonProperty property) => property.Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw JsonBody.Bad($"'{property.Name}' must be true or false."),
    };

    private static string ReadText(JsonProperty property)
    {
        if (property.Value.ValueKind == JsonValueKind.Null) return "";
        if (property.Value.ValueKind != JsonValueKind.String) throw JsonBody.Bad($"'{property.Name}' must be a text, or null to take it away.");
        var text = property.Value.GetString()!;
        var longest = Texts[property.Name];
        return text.Length <= longest ? text : throw JsonBody.Bad($"'{property.Name}' may have at most {longest} characters; this one has {text.Length}.");
    }

    /// <summary>The tag that a deleted manifest is to be restored under; null where the body is empty or names none.</summary>
    /// <exception cref="OciException">400: the body is no such thing.</exception>
    public static async Task<Tag?> ReadTagAsync(ArtifactRequest request)
    {
        if (await JsonBody.TryReadAsync(request.Http, MaxBody) is not { } read) return null;
        using var body = read;
        Tag? tag = null;
        foreach (var property in body.RootElement.EnumerateObject())
        {
            if (property.Name != "tag") throw JsonBody.Bad($"'{JsonBody.Shorten(property.Name)}' is not known here; there is 'tag'.");
            if (property.Value.ValueKind == JsonValueKind.Null) continue;
            if (property.Value.ValueKind != JsonValueKind.String || !Tag.TryParse(property.Value.GetString(), out var named))
                throw new OciException(OciErrorCode.TagInvalid, "'tag' must be a tag: up to 128 letters, digits, '_', '.' and '-'.");
            tag = named;
        }

        return tag;
    }
}

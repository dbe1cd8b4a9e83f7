using System.Globalization;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>Reads what a preview or a run is asked to be of: rules of the registry by name, rules as they stand in the request, or a preview.</summary>
internal sealed class PlanBody(ILifecycleRules rules, ILifecyclePlans plans, LifecycleOptions options, TimeProvider time)
{
    private const int MostRules = 50;
    private const int UsualDifference = 100;

    /// <summary>The preview that is asked for.</summary>
    /// <exception cref="OciException">400 or 404: the body asks for none.</exception>
    public async Task<NewLifecyclePlan> ReadPreviewAsync(LifecycleRequest request)
    {
        using var body = await request.ReadBodyAsync();
        CheckNames(body, "rules");
        return new NewLifecyclePlan(request.Registry, IsRun: false, await ReadRulesAsync(request, body), PreviewId: null, UsualDifference, "manual");
    }

    /// <summary>The run that is asked for.</summary>
    /// <exception cref="OciException">400, 404 or 409: the body asks for none, or the preview is none to go by.</exception>
    public async Task<NewLifecyclePlan> ReadRunAsync(LifecycleRequest request)
    {
        using var body = await request.ReadBodyAsync();
        CheckNames(body, "rules", "preview", "maxDifference");
        var difference = ReadDifference(body);
        if (body is null || !body.RootElement.TryGetProperty("preview", out var named))
            return new NewLifecyclePlan(request.Registry, IsRun: true, await ReadRulesAsync(request, body), PreviewId: null, difference, "manual");

        if (body.RootElement.TryGetProperty("rules", out _)) throw JsonBody.Bad("A run is of a 'preview', which has its rules, or of 'rules'; not of both.");
        if (named.ValueKind != JsonValueKind.Number || !named.TryGetInt64(out var id)) throw JsonBody.Bad("'preview' must be a preview's id, a number.");
        if (await plans.FindLifecyclePlanAsync(request.Registry, id, request.Aborted) is not { Plan.IsRun: false } preview)
            throw new OciException(OciErrorCode.NameUnknown, $"The registry has no preview {id}.", detail: id.ToString(CultureInfo.InvariantCulture));
        if (preview.State != LifecyclePlanState.Done) throw Conflict($"The preview {id} is not done yet; wait for its end.");
        if (preview.EndedAt < time.GetUtcNow() - LifecycleJobs.ItemsKept) throw Conflict($"The preview {id} is over a week old, and what it held is forgotten; make another one.");
        return new NewLifecyclePlan(request.Registry, IsRun: true, preview.Plan.Rules, id, difference, "manual");
    }

    private async Task<string> ReadRulesAsync(LifecycleRequest request, JsonDocument? body)
    {
        List<LifecycleRule> asked = [];
        if (body is not null && body.RootElement.TryGetProperty("rules", out var list))
        {
            if (list.ValueKind != JsonValueKind.Array) throw JsonBody.Bad("'rules' must be a list of rules' names, and of rules.");
            foreach (var entry in list.EnumerateArray()) asked.Add(await ReadRuleAsync(request, entry, asked.Count + 1));
        }
        else
        {
            asked = [.. (await rules.ListLifecycleRulesAsync(request.Registry, request.Aborted)).Where(rule => rule.IsEnabled).Select(rule => RuleReader.ReadOne(rule.Name, rule.Body))];
        }

        if (asked.Count is 0 or > MostRules) throw JsonBody.Bad(asked.Count == 0 ? "The registry has no enabled lifecycle rule, and the request brings none ('rules')." : $"More than {MostRules} rules are too many at once.");
        return asked.Select(rule => rule.Name).Distinct(StringComparer.Ordinal).Count() == asked.Count
            ? RuleWriter.Text(asked)
            : throw JsonBody.Bad("Two of the rules have the same name.");
    }

    private async Task<LifecycleRule> ReadRuleAsync(LifecycleRequest request, JsonElement entry, int number)
    {
        if (entry.ValueKind == JsonValueKind.Object)
        {
            var name = entry.TryGetProperty("name", out var given) && given.ValueKind == JsonValueKind.String ? given.GetString()! : string.Create(CultureInfo.InvariantCulture, $"rule-{number}");
            if (!RuleReader.IsName(name)) throw JsonBody.Bad("A rule's name has 1 to 64 letters, digits, '-', '_' and '.', a letter or digit first.");
            return RuleReader.Read(entry, name, options.LedgerRetention);
        }

        if (entry.ValueKind != JsonValueKind.String) throw JsonBody.Bad("'rules' must be a list of rules' names, and of rules.");
        var text = entry.GetString()!;
        return RuleReader.IsName(text) && await rules.FindLifecycleRuleAsync(request.Registry, text, request.Aborted) is { } record
            ? RuleReader.ReadOne(record.Name, record.Body)
            : throw new OciException(OciErrorCode.NameUnknown, $"The registry has no lifecycle rule '{JsonBody.Shorten(text)}'.");
    }

    // In thousandths, so that it is compared without a rest.
    private static int ReadDifference(JsonDocument? body)
    {
        if (body is null || !body.RootElement.TryGetProperty("maxDifference", out var share)) return UsualDifference;
        return share.ValueKind == JsonValueKind.Number && share.TryGetDouble(out var value) && value is >= 0 and <= 1_000
            ? (int)Math.Round(value * 1_000)
            : throw JsonBody.Bad("'maxDifference' must be a share such as 0.1 for ten per cent; it may exceed 1.");
    }

    private static void CheckNames(JsonDocument? body, params string[] known)
    {
        if (body is null) return;
        foreach (var name in body.RootElement.EnumerateObject().Select(property => property.Name))
        {
            if (!known.Contains(name)) throw JsonBody.Bad($"'{JsonBody.Shorten(name)}' is not known here; there are {string.Join(", ", known)}.");
        }
    }

    private static OciException Conflict(string message) => new(OciErrorCode.Denied, message, status: 409);
}

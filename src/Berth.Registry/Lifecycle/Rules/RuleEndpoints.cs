using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>The routes of rules.</summary>
internal sealed class RuleEndpoints(ILifecycleRules rules, ILifecyclePlans plans, LifecycleOptions options, TimeProvider time)
{
    /// <summary><c>GET rules</c></summary>
    public async Task ListAsync(LifecycleRequest request)
    {
        var all = await rules.ListLifecycleRulesAsync(request.Registry, request.Aborted);
        await request.AnswerAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartArray("rules"u8);
            foreach (var rule in all)
            {
                json.WriteStartObject();
                Write(json, rule);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }

    /// <summary><c>GET rules/{name}</c></summary>
    public async Task ShowAsync(LifecycleRequest request)
    {
        var rule = await FindAsync(request) ?? throw Unknown(request);
        await request.AnswerAsync(StatusCodes.Status200OK, json => Write(json, rule));
    }

    /// <summary><c>PUT rules/{name}</c>: with <c>?preview=</c> of the same rule where what it takes is new, or <c>?force=true</c>.</summary>
    public async Task SaveAsync(LifecycleRequest request)
    {
        using var body = await request.ReadBodyAsync() ?? throw new OciException(OciErrorCode.BadRequest, "The body must be the rule, a JSON object.");
        var rule = RuleReader.Read(body.RootElement, request.Target.Rule, options.LedgerRetention);
        var standing = await FindAsync(request);
        var isSeen = standing is not null && RuleWriter.Selection(RuleReader.ReadOne(standing.Name, standing.Body)) == RuleWriter.Selection(rule);
        if (!isSeen && !request.Flag("force")) await CheckPreviewAsync(request, rule);

        var next = rule is { IsEnabled: true, Schedule: { } schedule } ? CronSchedule.Next(schedule, time.GetUtcNow()) : null;
        var record = new LifecycleRuleRecord(request.Registry, rule.Name, RuleWriter.Text(rule), rule.IsEnabled, next);
        if (!await rules.PutLifecycleRuleAsync(record, request.Caller, request.Aborted))
        {
            throw new OciException(
                OciErrorCode.Denied, $"The registry has {ILifecycleRules.MostRules} lifecycle rules, which is the most; delete one first.", status: StatusCodes.Status409Conflict, detail: rule.Name);
        }

        var saved = await FindAsync(request) ?? throw Unknown(request);
        await request.AnswerAsync(standing is null ? StatusCodes.Status201Created : StatusCodes.Status200OK, json => Write(json, saved));
    }

    /// <summary><c>DELETE rules/{name}</c></summary>
    public async Task DeleteAsync(LifecycleRequest request)
    {
        if (!await rules.DeleteLifecycleRuleAsync(request.Registry, request.Target.Rule, request.Caller, request.Aborted)) throw Unknown(request);
        request.Http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task CheckPreviewAsync(LifecycleRequest request, LifecycleRule rule)
    {
        if (request.Id("preview") is not { } id)
            throw Refused($"What the rule '{rule.Name}' takes was not looked at. Make a preview of it (POST {LifecycleRoute.Prefix}previews), and give its id: ?preview=; or save it unseen: ?force=true.");
        var preview = await plans.FindLifecyclePlanAsync(request.Registry, id, request.Aborted);
        if (preview is not { Plan.IsRun: false, State: LifecyclePlanState.Done }) throw Refused($"There is no preview {id} that is done.");
        if (!RuleReader.ReadAll(preview.Plan.Rules).Any(seen => RuleWriter.Selection(seen) == RuleWriter.Selection(rule)))
            throw Refused($"The preview {id} is of other rules than '{rule.Name}' as it is to be saved; make one of that.");

        OciException Refused(string message) => new(OciErrorCode.Denied, message, status: StatusCodes.Status409Conflict, detail: rule.Name);
    }

    private ValueTask<LifecycleRuleRecord?> FindAsync(LifecycleRequest request) => rules.FindLifecycleRuleAsync(request.Registry, request.Target.Rule, request.Aborted);

    private static void Write(Utf8JsonWriter json, LifecycleRuleRecord record)
    {
        RuleWriter.WriteMembers(json, RuleReader.ReadOne(record.Name, record.Body));
        if (record.NextAt is { } next) json.WriteString("nextRunAt"u8, next);
        json.WriteString("createdAt"u8, record.CreatedAt);
        json.WriteString("createdBy"u8, record.CreatedBy);
        json.WriteString("updatedAt"u8, record.UpdatedAt);
        json.WriteString("updatedBy"u8, record.UpdatedBy);
    }

    private static OciException Unknown(LifecycleRequest request) =>
        new(OciErrorCode.NameUnknown, $"The registry has no lifecycle rule '{request.Target.Rule}'.", detail: request.Target.Rule);
}

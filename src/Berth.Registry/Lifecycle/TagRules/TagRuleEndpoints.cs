using System.Diagnostics;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.ApiReference;
using Berth.Registry.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle.TagRules;

/// <summary>The rules that make a registry's tags write-once: <c>/berth/v1/tag-rules</c> on the registry's own host.</summary>
internal sealed class TagRuleEndpoints(RegistryGate gate, ITagRules rules, ILogger<TagRuleEndpoints> logger) : IFeatureRoutes
{
    /// <inheritdoc/>
    public IEnumerable<ApiCall> Calls => TagRuleDescription.Calls;

    /// <inheritdoc/>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        var isOurs = context.Request.Path.StartsWithSegments(TagRuleRoute.Root, StringComparison.Ordinal, out var rest);
        handled = isOurs ? RequestFailure.GuardAsync(context, logger, TagRuleRoute.Root, () => AnswerAsync(context, rest.Value!.TrimStart('/'))) : Task.CompletedTask;
        return isOurs;
    }

    private async Task AnswerAsync(HttpContext context, string name)
    {
        var registry = await gate.EnterAsync(context);
        var route = TagRuleRoute.Find(name.Length > 0, context.Request.Method);
        var demand = new AccessDemand(route?.Name ?? "none", default, null, route?.Action ?? RegistryAction.SignIn, route is null ? null : "registry:tag_rules:*")
        {
            ReadsBody = route?.Method == "PUT",
        };
        if (await gate.AdmitAsync(context, registry, demand) is not { } admission) return;
        if (route is null) throw RequestFailure.Unsupported(context, TagRuleRoute.Allow(name.Length > 0));

        if (route.IsOfOne && !TagRuleBody.IsName(name)) throw TagRuleBody.NoName();
        await ActAsync(context, route, admission, name);
    }

    private Task ActAsync(HttpContext context, TagRuleRoute route, Admission admission, string name) => route.Name switch
    {
        "tag-rules.list" => ListAsync(context, admission),
        "tag-rules.show" => ShowAsync(context, admission, name),
        "tag-rules.put" => PutAsync(context, admission, name),
        "tag-rules.delete" => DeleteAsync(context, admission, name),
        _ => throw new UnreachableException(route.Name),
    };

    private async Task ListAsync(HttpContext context, Admission admission)
    {
        var all = await rules.ListTagRulesAsync(admission.Registry.Id, context.RequestAborted);
        await JsonAnswer.WriteObjectAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartArray("value"u8);
            foreach (var record in all)
            {
                json.WriteStartObject();
                TagRuleBody.Write(json, record);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }

    private async Task ShowAsync(HttpContext context, Admission admission, string name)
    {
        var record = await rules.FindTagRuleAsync(admission.Registry.Id, name, context.RequestAborted) ?? throw Unknown(admission, name);
        await JsonAnswer.WriteObjectAsync(context, StatusCodes.Status200OK, json => TagRuleBody.Write(json, record));
    }

    private async Task PutAsync(HttpContext context, Admission admission, string name)
    {
        var rule = await TagRuleBody.ReadAsync(context, name);
        var put = await rules.PutTagRuleAsync(admission.Registry.Id, rule, admission.Principal.CallerOf(context), context.RequestAborted);
        if (put.Outcome == CreateOutcome.TooMany)
        {
            throw new OciException(
                OciErrorCode.Denied, $"The registry has {ITagRules.MostRules} rules already; delete one first, or let one be for more repositories.", status: StatusCodes.Status409Conflict);
        }

        if (put.Record is not { } record) throw new OciException(OciErrorCode.NameUnknown, $"There is no registry '{admission.Registry.Name}' any more.");
        var status = put.Outcome == CreateOutcome.Created ? StatusCodes.Status201Created : StatusCodes.Status200OK;
        await JsonAnswer.WriteObjectAsync(context, status, json => TagRuleBody.Write(json, record));
    }

    private async Task DeleteAsync(HttpContext context, Admission admission, string name)
    {
        if (!await rules.DeleteTagRuleAsync(admission.Registry.Id, name, admission.Principal.CallerOf(context), context.RequestAborted)) throw Unknown(admission, name);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static OciException Unknown(Admission admission, string name) => new(
        OciErrorCode.NameUnknown, $"The registry has no tag rule '{name}'; list them: berth tag-rule list --registry {admission.Registry.Name}", detail: name);
}

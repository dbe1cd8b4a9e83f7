using System.Diagnostics;
using Berth.Oci;
using Berth.Registry.ApiReference;
using Berth.Registry.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>The one door to <c>/berth/v1/lifecycle</c>: rules about what goes, previews of what they take, and runs that take it.</summary>
internal sealed class LifecycleEndpoints(RegistryGate gate, RuleEndpoints rules, PlanEndpoints plans, ILogger<LifecycleEndpoints> logger) : IFeatureRoutes
{
    /// <inheritdoc/>
    public IEnumerable<ApiCall> Calls => LifecycleDescription.Calls;

    /// <inheritdoc/>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        var path = context.Request.Path.Value ?? "";
        var isOurs = path.StartsWith(LifecycleRoute.Prefix, StringComparison.Ordinal);
        handled = isOurs ? RequestFailure.GuardAsync(context, logger, "/berth/v1/lifecycle", () => AnswerAsync(context, path[LifecycleRoute.Prefix.Length..])) : Task.CompletedTask;
        return isOurs;
    }

    private async Task AnswerAsync(HttpContext context, string path)
    {
        var registry = await gate.EnterAsync(context);
        var target = LifecycleTarget.Parse(path);
        var route = LifecycleRoute.Find(target.Kind, context.Request.Method);
        var demand = route?.Demand ?? new AccessDemand("none", default, null, RegistryAction.SignIn, null);
        if (await gate.AdmitAsync(context, registry, demand) is not { } admission) return;
        if (target.Kind == LifecycleTargetKind.None) throw new OciException(OciErrorCode.NameUnknown, "There is nothing at this path of /berth/v1/lifecycle.");
        if (route is null) throw RequestFailure.Unsupported(context, LifecycleRoute.Allow(target.Kind));

        await ActAsync(route, new LifecycleRequest(context, admission, target));
    }

    private Task ActAsync(LifecycleRoute route, LifecycleRequest request) => route.Name switch
    {
        "lifecycle.rules" => rules.ListAsync(request),
        "lifecycle.rule.show" => rules.ShowAsync(request),
        "lifecycle.rule.save" => rules.SaveAsync(request),
        "lifecycle.rule.delete" => rules.DeleteAsync(request),
        "lifecycle.previews" => plans.ListAsync(request, runs: false),
        "lifecycle.preview.make" => plans.PreviewAsync(request),
        "lifecycle.preview.show" => plans.ShowAsync(request, isRun: false),
        "lifecycle.preview.items" => plans.ItemsAsync(request, isRun: false),
        "lifecycle.runs" => plans.ListAsync(request, runs: true),
        "lifecycle.run.start" => plans.RunAsync(request),
        "lifecycle.run.show" => plans.ShowAsync(request, isRun: true),
        "lifecycle.run.items" => plans.ItemsAsync(request, isRun: true),
        _ => throw new UnreachableException(route.Name),
    };
}

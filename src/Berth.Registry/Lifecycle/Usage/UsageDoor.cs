using System.Diagnostics;
using Berth.Oci;
using Berth.Registry.ApiReference;
using Berth.Registry.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle.Usage;

/// <summary>The one door to a registry's usage and quotas, under its own name.</summary>
internal sealed class UsageDoor(RegistryGate gate, UsageCalls usage, QuotaCalls quotas, ILogger<UsageDoor> logger) : IFeatureRoutes
{
    /// <inheritdoc/>
    public IEnumerable<ApiCall> Calls => UsageDescription.Calls;

    /// <inheritdoc/>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        var path = context.Request.Path.Value ?? "";
        var isOurs = UsageRoute.IsOurs(path);
        handled = isOurs ? RequestFailure.GuardAsync(context, logger, "/berth/v1 (usage and quotas)", () => AnswerAsync(context, path)) : Task.CompletedTask;
        return isOurs;
    }

    private async Task AnswerAsync(HttpContext context, string path)
    {
        // The registry's network rules speak before anything of the request is looked at.
        var registry = await gate.EnterAsync(context);
        var (routes, repository) = EncodedPath.IsEncodedTwice(context) ? ([], default) : UsageRoute.Find(path);
        var route = routes.FirstOrDefault(one => one.Method == context.Request.Method);
        var demand = route?.Demand ?? new AccessDemand("none", default, null, RegistryAction.SignIn, null);
        if (await gate.AdmitAsync(context, registry, demand) is not { } admission) return;
        if (routes.Count == 0) throw new OciException(OciErrorCode.NameUnknown, "There is nothing at this path of usage and quotas.");
        if (route is null) throw RequestFailure.Unsupported(context, string.Join(", ", routes.Select(one => one.Method)));

        await ActAsync(route, new UsageRequest(context, admission, repository));
    }

    private Task ActAsync(UsageRoute route, UsageRequest request) => route.Name switch
    {
        "usage.show" => usage.ShowAsync(request),
        "usage.history" => usage.HistoryAsync(request),
        "usage.history.repository" => usage.RepositoryHistoryAsync(request),
        "usage.owners" => usage.OwnersAsync(request),
        "usage.repositories" => usage.RepositoriesAsync(request),
        "usage.repository" => usage.RepositoryAsync(request),
        "usage.image" => usage.ImageAsync(request),
        "usage.images" => usage.ImagesAsync(request),
        "quotas.show" => quotas.ShowAsync(request),
        "quotas.set" => quotas.SetAsync(request),
        "quotas.delete" => quotas.DeleteAsync(request),
        "quotas.repositories" => quotas.RepositoriesAsync(request),
        "quotas.repository.show" => quotas.ShowRepositoryAsync(request),
        "quotas.repository.set" => quotas.SetRepositoryAsync(request),
        "quotas.repository.delete" => quotas.DeleteRepositoryAsync(request),
        _ => throw new UnreachableException(route.Name),
    };
}

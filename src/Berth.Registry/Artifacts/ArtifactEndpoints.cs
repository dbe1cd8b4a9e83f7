using System.Diagnostics;
using Berth.Oci;
using Berth.Registry.ApiReference;
using Berth.Registry.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Artifacts;

/// <summary>
/// The one door to Azure Container Registry's metadata API under <c>/acr/v1</c>: repositories, tags and manifests with what is known about them, their locks,
/// their deletion, and what was deleted and can be restored.
/// </summary>
internal sealed class ArtifactEndpoints(
    RegistryGate gate, ArtifactRepositoryEndpoints repositories, ArtifactTagEndpoints tags, ArtifactManifestEndpoints manifests, DeletedEndpoints deleted,
    ILogger<ArtifactEndpoints> logger)
    : IFeatureRoutes
{
    /// <summary>What every path begins with.</summary>
    public const string Prefix = "/acr/v1/";

    /// <inheritdoc/>
    public IEnumerable<ApiCall> Calls => ArtifactDescription.Calls;

    /// <inheritdoc/>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        var path = context.Request.Path.Value ?? "";
        var isOurs = path.StartsWith(Prefix, StringComparison.Ordinal);
        handled = isOurs ? RequestFailure.GuardAsync(context, logger, "/acr/v1", () => AnswerAsync(context, path[Prefix.Length..])) : Task.CompletedTask;
        return isOurs;
    }

    private async Task AnswerAsync(HttpContext context, string path)
    {
        // The registry's network rules speak before anything of the request is looked at.
        var registry = await gate.EnterAsync(context);
        var target = EncodedPath.IsEncodedTwice(context) ? default : ArtifactTarget.Parse(path);
        var route = ArtifactRoute.Find(target.Kind, context.Request.Method);
        if (route is not null) RequestRoute.Set(context, ArtifactDescription.PathOf(route.Kind));
        var demand = route?.DemandOf(target.Repository) ?? new AccessDemand("none", target.Repository, null, RegistryAction.SignIn, null);
        if (await gate.AdmitAsync(context, registry, demand) is not { } admission) return;
        if (target.Kind == ArtifactKind.None) throw new OciException(OciErrorCode.NameUnknown, "There is nothing at this path of /acr/v1.");
        if (route is null) throw RequestFailure.Unsupported(context, ArtifactRoute.Allow(target.Kind));

        await ActAsync(route, new ArtifactRequest(context, admission, target));
    }

    private Task ActAsync(ArtifactRoute route, ArtifactRequest request) => route.Name switch
    {
        "artifacts.catalog" => repositories.CatalogAsync(request),
        "artifacts.repository.show" => repositories.ShowAsync(request),
        "artifacts.repository.update" => repositories.UpdateAsync(request),
        "artifacts.repository.delete" => repositories.DeleteAsync(request),
        "artifacts.tags" => tags.ListAsync(request),
        "artifacts.tag.show" => tags.ShowAsync(request),
        "artifacts.tag.update" => tags.UpdateAsync(request),
        "artifacts.tag.delete" => tags.DeleteAsync(request),
        "artifacts.manifests" => manifests.ListAsync(request),
        "artifacts.manifest.show" => manifests.ShowAsync(request),
        "artifacts.manifest.update" => manifests.UpdateAsync(request),
        "artifacts.deleted.catalog" => deleted.CatalogAsync(request),
        "artifacts.deleted.tags" => deleted.TagsAsync(request),
        "artifacts.deleted.manifests" => deleted.ManifestsAsync(request),
        "artifacts.deleted.restore" => deleted.RestoreAsync(request),
        "artifacts.deleted.purge" => deleted.PurgeAsync(request),
        _ => throw new UnreachableException(route.Name),
    };
}

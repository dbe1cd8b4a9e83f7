using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Oci.Http;
using Berth.Registry.ApiReference;
using Berth.Registry.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle.Quarantines;

/// <summary>Quarantine by hand: <c>/berth/v1/quarantine</c> on the registry's own host.</summary>
internal sealed class QuarantineEndpoints(RegistryGate gate, IQuarantine quarantine, TimeProvider time, ILogger<QuarantineEndpoints> logger) : IFeatureRoutes
{
    private const int MostOfPage = 1_000;
    private const int UsualPage = 100;

    /// <inheritdoc/>
    public IEnumerable<ApiCall> Calls => QuarantineDescription.Calls;

    /// <inheritdoc/>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        var isOurs = context.Request.Path.StartsWithSegments(QuarantineRoute.Root, StringComparison.Ordinal, out var rest);
        handled = isOurs ? RequestFailure.GuardAsync(context, logger, QuarantineRoute.Root, () => AnswerAsync(context, rest.Value!)) : Task.CompletedTask;
        return isOurs;
    }

    private async Task AnswerAsync(HttpContext context, string path)
    {
        var registry = await gate.EnterAsync(context);
        var target = EncodedPath.IsEncodedTwice(context) ? default : QuarantineTarget.Parse(path);
        var route = QuarantineRoute.Find(target.Kind, context.Request.Method);
        var demand = new AccessDemand(route?.Name ?? "none", default, null, route?.Action ?? RegistryAction.SignIn, route is null ? null : "registry:quarantine:*")
        {
            ReadsBody = route?.Method == "PUT",
        };
        if (await gate.AdmitAsync(context, registry, demand) is not { } admission) return;
        if (target.Kind == QuarantineKind.None)
            throw new OciException(OciErrorCode.NameUnknown, "There is nothing at this path; there are digests, digests/{digest}, repositories and repositories/{name}.");
        if (route is null) throw RequestFailure.Unsupported(context, QuarantineRoute.Allow(target.Kind));

        await ActAsync(context, route, admission, target);
    }

    private Task ActAsync(HttpContext context, QuarantineRoute route, Admission admission, QuarantineTarget target) => route.Name switch
    {
        "quarantine.digests" => ListDigestsAsync(context, admission.Registry.Id),
        "quarantine.digest.put" => PutDigestAsync(context, admission, target.Digest),
        "quarantine.digest.delete" => EndDigestAsync(context, admission, target.Digest),
        "quarantine.repositories" => ListRepositoriesAsync(context, admission.Registry.Id),
        "quarantine.repository.put" => PutRepositoryAsync(context, admission, target.Repository),
        "quarantine.repository.delete" => EndRepositoryAsync(context, admission, target.Repository),
        _ => throw new UnreachableException(route.Name),
    };

    private async Task ListDigestsAsync(HttpContext context, long registry)
    {
        var (count, last) = PageOf(context);
        var after = default(Digest);
        if (last is not null && !Digest.TryParse(last, out after)) throw new OciException(OciErrorCode.PaginationNumberInvalid, "last must be a digest.");
        await AnswerAsync(
            context, count, await quarantine.ListQuarantinedDigestsAsync(registry, after, count, context.RequestAborted),
            static (json, each) =>
            {
                json.WriteString("digest"u8, each.Digest.ToString());
                QuarantineBody.Write(json, each.Quarantine);
            });
    }

    private async Task ListRepositoriesAsync(HttpContext context, long registry)
    {
        var (count, last) = PageOf(context);
        await AnswerAsync(
            context, count, await quarantine.ListQuarantinedRepositoriesAsync(registry, last, count, context.RequestAborted),
            static (json, each) =>
            {
                json.WriteString("repository"u8, each.Repository.Value);
                QuarantineBody.Write(json, each.Quarantine);
            });
    }

    private async Task PutDigestAsync(HttpContext context, Admission admission, Digest digest)
    {
        var wanted = await QuarantineBody.ReadAsync(context, time.GetUtcNow());
        var set = await quarantine.QuarantineDigestAsync(admission.Registry.Id, null, digest, wanted, admission.Principal.CallerOf(context), context.RequestAborted);
        await JsonAnswer.WriteObjectAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteString("digest"u8, digest.ToString());
            QuarantineBody.Write(json, set);
        });
    }

    private async Task PutRepositoryAsync(HttpContext context, Admission admission, RepositoryName repository)
    {
        var wanted = await QuarantineBody.ReadAsync(context, time.GetUtcNow());
        var set = await quarantine.QuarantineRepositoryAsync(admission.Registry.Id, repository, wanted, admission.Principal.CallerOf(context), context.RequestAborted)
            ?? throw new OciException(OciErrorCode.NameUnknown, $"This registry has no repository '{repository}'.", detail: repository.Value);
        await JsonAnswer.WriteObjectAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteString("repository"u8, repository.Value);
            QuarantineBody.Write(json, set);
        });
    }

    private async Task EndDigestAsync(HttpContext context, Admission admission, Digest digest)
    {
        if (!await quarantine.EndQuarantineAsync(admission.Registry.Id, digest, admission.Principal.CallerOf(context), context.RequestAborted))
            throw new OciException(OciErrorCode.ManifestUnknown, $"{digest} is not quarantined in this registry.", detail: digest.ToString());
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task EndRepositoryAsync(HttpContext context, Admission admission, RepositoryName repository)
    {
        if (!await quarantine.EndQuarantineAsync(admission.Registry.Id, repository, admission.Principal.CallerOf(context), context.RequestAborted))
            throw new OciException(OciErrorCode.NameUnknown, $"The repository '{repository}' is not quarantined.", detail: repository.Value);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static (int Count, string? Last) PageOf(HttpContext context)
    {
        var count = UsualPage;
        if (context.Request.Query["n"] is [{ } n] && (!int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count < 1))
            throw new OciException(OciErrorCode.PaginationNumberInvalid, "n must be a number from 1.");
        return (Math.Min(count, MostOfPage), context.Request.Query["last"] is [{ Length: > 0 } last] ? last : null);
    }

    private static Task AnswerAsync<T>(HttpContext context, int count, Page<T> page, Action<Utf8JsonWriter, T> write)
    {
        if (page is { More: true, Last: { } last })
            context.Response.Headers.Link = LinkHeader.FormatNext(context.Request.Path.Value!, ("last", last), ("n", count.ToString(CultureInfo.InvariantCulture)));
        return JsonAnswer.WriteObjectAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartArray("value"u8);
            foreach (var item in page.Items)
            {
                json.WriteStartObject();
                write(json, item);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }
}

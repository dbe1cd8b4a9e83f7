using System.Diagnostics;
using System.Globalization;
using Berth.Metadata;
using Berth.Oci;
using Berth.Oci.Http;
using Berth.Registry.ApiReference;
using Berth.Registry.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle.Workloads;

/// <summary>
/// What runs, as workloads report it at the registry that they pull from: <c>GET /berth/v1/workloads</c>, and <c>GET</c>, <c>PUT</c> and <c>DELETE /berth/v1/workloads/{name}</c>.
/// What a report names is not deleted for as long as it holds.
/// </summary>
internal sealed class WorkloadEndpoints(RegistryGate gate, IWorkloads workloads, WorkloadMetrics metrics, TimeProvider time, ILogger<WorkloadEndpoints> logger)
    : IFeatureRoutes
{
    private const int DefaultEntries = 100;
    private const int MostEntries = 1_000;

    /// <inheritdoc/>
    public IEnumerable<ApiCall> Calls => WorkloadDescription.Calls;

    /// <inheritdoc/>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        var path = context.Request.Path.Value ?? "";
        var isOurs = path.StartsWith(WorkloadRoute.Path, StringComparison.Ordinal) && (path.Length == WorkloadRoute.Path.Length || path[WorkloadRoute.Path.Length] == '/');
        handled = isOurs ? RequestFailure.GuardAsync(context, logger, WorkloadRoute.Path, () => AnswerAsync(context, path)) : Task.CompletedTask;
        return isOurs;
    }

    private async Task AnswerAsync(HttpContext context, string path)
    {
        // The registry's network rules speak before anything of the request is looked at.
        var registry = await gate.EnterAsync(context);
        var (kind, name) = WorkloadRoute.Parse(path);
        var route = WorkloadRoute.Find(kind, context.Request.Method);
        var demand = route is null
            ? new AccessDemand("none", default, null, RegistryAction.SignIn, null)
            : new AccessDemand(route.Name, default, null, route.Action, WorkloadRoute.Scope) { ReadsBody = route.Method == "PUT" };
        if (await gate.AdmitAsync(context, registry, demand) is not { } admission) return;
        if (kind == WorkloadKind.None) throw new OciException(OciErrorCode.NameUnknown, $"There is nothing at this path; workloads are at {WorkloadRoute.Path}/{{name}}.");
        if (route is null) throw RequestFailure.Unsupported(context, WorkloadRoute.Allow(kind));

        await (route.Name switch
        {
            "workloads.list" => ListAsync(context, registry.Id),
            "workloads.show" => ShowAsync(context, registry.Id, name),
            "workloads.report" => ReportAsync(context, admission, name),
            "workloads.delete" => DeleteAsync(context, admission, name),
            _ => throw new UnreachableException(route.Name),
        });
    }

    private async Task ListAsync(HttpContext context, long registry)
    {
        var (count, last) = (ReadCount(context), Query(context, "last"));
        var digest = Query(context, "digest");
        var page = digest is null
            ? await workloads.ListWorkloadsAsync(registry, last, count, context.RequestAborted)
            : await workloads.ListWorkloadsOfAsync(registry, ReadDigest(digest), ReadRow(last), count, context.RequestAborted);
        if (page is { More: true, Last: { } key })
        {
            List<(string, string)> query = [("last", key), ("n", count.ToString(CultureInfo.InvariantCulture))];
            if (digest is not null) query.Add(("digest", digest));
            context.Response.Headers.Link = LinkHeader.FormatNext(WorkloadRoute.Path, [.. query]);
        }

        var now = time.GetUtcNow();
        await JsonAnswer.WriteObjectAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartArray("workloads"u8);
            foreach (var workload in page.Items)
            {
                json.WriteStartObject();
                WorkloadJson.Write(json, workload, now);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }

    private async Task ShowAsync(HttpContext context, long registry, string name)
    {
        var found = await workloads.FindWorkloadAsync(registry, name, context.RequestAborted) ?? throw Unknown(name);
        await JsonAnswer.WriteObjectAsync(context, StatusCodes.Status200OK, json => WorkloadJson.Write(json, found, time.GetUtcNow()));
    }

    private async Task ReportAsync(HttpContext context, Admission admission, string name)
    {
        var report = await WorkloadBody.ReadAsync(context, admission.Registry.Id, name);
        var result = await workloads.ReportWorkloadAsync(report, admission.Principal.CallerOf(context), context.RequestAborted);
        if (result.Outcome == CreateOutcome.TooSoon || result.Record is not { } record) throw Refusal(result.Outcome, name);

        metrics.Reported();
        var status = result.Outcome == CreateOutcome.Created ? StatusCodes.Status201Created : StatusCodes.Status200OK;
        await JsonAnswer.WriteObjectAsync(context, status, json => WorkloadJson.Write(json, record, time.GetUtcNow()));
    }

    private async Task DeleteAsync(HttpContext context, Admission admission, string name)
    {
        if (!await workloads.DeleteWorkloadAsync(admission.Registry.Id, name, admission.Principal.CallerOf(context), context.RequestAborted)) throw Unknown(name);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static OciException Refusal(CreateOutcome outcome, string name) => outcome switch
    {
        CreateOutcome.TooMany => new OciException(
            OciErrorCode.Denied, $"{IWorkloads.MostWorkloads} workloads report to this registry already; delete reports that are not needed (berth workloads delete).",
            StatusCodes.Status409Conflict),
        CreateOutcome.TooSoon => new OciException(
            OciErrorCode.TooManyRequests, $"The workload '{name}' changed its report {IWorkloads.ChangesPerMinute} times within a minute; the last one that was taken stands. Report less often."),
        _ => new OciException(OciErrorCode.NameUnknown, "The registry is there no more."),
    };

    private static OciException Unknown(string name)
    {
        var shown = ClientText.Shorten(name, WorkloadBody.LongestName);
        return new OciException(OciErrorCode.NameUnknown, $"No workload '{shown}' reports to this registry; list those that do (berth workloads list).", detail: shown);
    }

    private static string? Query(HttpContext context, string name) => context.Request.Query[name] is [{ Length: > 0 } value] ? value : null;

    private static int ReadCount(HttpContext context)
    {
        if (Query(context, "n") is not { } text) return DefaultEntries;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
            ? Math.Min(count, MostEntries)
            : throw new OciException(OciErrorCode.PaginationNumberInvalid, "n must be a whole number from 1 to 2147483647.");
    }

    private static Digest ReadDigest(string text) => Digest.TryParse(text, out var digest)
        ? digest
        : throw new OciException(OciErrorCode.DigestInvalid, "digest must be the digest of a manifest, such as sha256:<64 hexadecimal digits>.");

    private static long ReadRow(string? last) => last is null ? 0 : long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var row)
        ? row
        : throw new OciException(OciErrorCode.PaginationNumberInvalid, "last is not one that a Link header of this list gave.");
}

using System.Globalization;
using System.Text;
using Berth.Metadata;
using Berth.Oci;
using Berth.Oci.Http;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>The routes of previews and runs.</summary>
internal sealed class PlanEndpoints(ILifecyclePlans plans, PlanBody bodies, LifecycleJobs jobs, TimeProvider time)
{
    // An answer that is there soon is worth a wait; a client asks again for one that is not.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    /// <summary><c>POST previews</c></summary>
    public async Task PreviewAsync(LifecycleRequest request) => await MakeAsync(request, await bodies.ReadPreviewAsync(request));

    /// <summary><c>POST runs</c></summary>
    public async Task RunAsync(LifecycleRequest request) => await MakeAsync(request, await bodies.ReadRunAsync(request));

    /// <summary><c>GET previews</c> and <c>GET runs</c>, the newest first.</summary>
    public async Task ListAsync(LifecycleRequest request, bool runs)
    {
        var count = request.ReadCount();
        var page = await plans.ListLifecyclePlansAsync(request.Registry, runs, request.Id("last"), count, request.Aborted);
        if (page.More) SetLink(request, PathOf(runs), count, ("last", page.Last!));
        await request.AnswerAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartArray(runs ? "runs"u8 : "previews"u8);
            foreach (var plan in page.Items)
            {
                json.WriteStartObject();
                PlanJson.Write(json, plan);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }

    /// <summary><c>GET previews/{id}</c> and <c>GET runs/{id}</c></summary>
    public async Task ShowAsync(LifecycleRequest request, bool isRun)
    {
        var plan = await FindAsync(request, isRun);
        await request.AnswerAsync(StatusCodes.Status200OK, json => PlanJson.Write(json, plan));
    }

    /// <summary><c>GET previews/{id}/items</c> and <c>GET runs/{id}/items</c>: what goes, or with <c>?kept=true</c> what something keeps.</summary>
    public async Task ItemsAsync(LifecycleRequest request, bool isRun)
    {
        var plan = await FindAsync(request, isRun);
        var (isKept, count) = (request.Flag("kept"), request.ReadCount());
        var page = await plans.ListLifecycleItemsAsync(plan.Id, !isKept, ReadKey(request), count, request.Aborted);
        if (page.More)
        {
            SetLink(
                request, $"{PathOf(isRun)}/{plan.Id.ToString(CultureInfo.InvariantCulture)}/items", count, ("last", TextOf(page.Items[^1].Key)), ("kept", isKept ? "true" : "false"));
        }

        await request.AnswerAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartArray("items"u8);
            foreach (var item in page.Items)
            {
                json.WriteStartObject();
                PlanJson.Write(json, item);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }

    private async Task MakeAsync(LifecycleRequest request, NewLifecyclePlan asked)
    {
        if (await plans.CreateLifecyclePlanAsync(asked, request.Caller, request.Aborted) is not { } id) throw await BusyAsync(request);

        // It goes on whether or not the client waits for it.
        await Task.WhenAny(jobs.Start(request.Registry), Task.Delay(LongestWait, time, request.Aborted));
        var plan = await plans.FindLifecyclePlanAsync(request.Registry, id, request.Aborted) ?? throw Unknown(id, asked.IsRun);
        request.Http.Response.Headers.Location = $"{PathOf(asked.IsRun)}/{id.ToString(CultureInfo.InvariantCulture)}";
        await request.AnswerAsync(StatusCodes.Status201Created, json => PlanJson.Write(json, plan));
    }

    private async Task<OciException> BusyAsync(LifecycleRequest request)
    {
        var open = await plans.FindOpenLifecyclePlanAsync(request.Registry, after: 0, request.Aborted);
        return new OciException(
            OciErrorCode.Denied,
            open is null ? "Another run has just ended; try again." : $"The registry is at work on {(open.Plan.IsRun ? "run" : "preview")} {open.Id} and those behind it, which is all that it takes at a time; wait for its end.",
            status: StatusCodes.Status409Conflict, detail: open?.Id.ToString(CultureInfo.InvariantCulture));
    }

    private async Task<LifecyclePlanRecord> FindAsync(LifecycleRequest request, bool isRun)
    {
        var plan = await plans.FindLifecyclePlanAsync(request.Registry, request.Target.Id, request.Aborted);
        return plan?.Plan.IsRun == isRun ? plan : throw Unknown(request.Target.Id, isRun);
    }

    private static string PathOf(bool runs) => LifecycleRoute.Prefix + (runs ? "runs" : "previews");

    private static void SetLink(LifecycleRequest request, string path, int count, params ReadOnlySpan<(string Name, string Value)> query) =>
        request.Http.Response.Headers.Link = LinkHeader.FormatNext(path, [("n", count.ToString(CultureInfo.InvariantCulture)), .. query]);

    private static string TextOf(LifecycleItemKey key) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes($"{key.Repository} {(int)key.Kind} {key.Name}")).Replace('+', '-').Replace('/', '_');

    private static LifecycleItemKey ReadKey(LifecycleRequest request)
    {
        if (request.Query("last") is not { } text) return LifecycleItemKey.Start;
        try
        {
            var parts = Encoding.UTF8.GetString(Convert.FromBase64String(text.Replace('-', '+').Replace('_', '/'))).Split(' ');
            if (parts.Length == 3 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var kind))
                return new LifecycleItemKey(parts[0], (LifecycleItemKind)kind, parts[2]);
        }
        catch (FormatException)
        {
            // Said below.
        }

        throw new OciException(OciErrorCode.PaginationNumberInvalid, "last is not one that a Link header of this list gave; ask for the list from its start.");
    }

    private static OciException Unknown(long id, bool isRun) => new(
        OciErrorCode.NameUnknown, $"The registry has no {(isRun ? "run" : "preview")} {id}.", detail: id.ToString(CultureInfo.InvariantCulture));
}

using System.Globalization;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.ApiReference;
using Berth.Registry.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Lifecycle.Garbage;

/// <summary>
/// Garbage collection as an operator sees it: <c>GET /berth/v1/garbage</c>, <c>PUT</c> and <c>DELETE /berth/v1/garbage/pause</c>, and <c>GET /berth/v1/garbage/proof</c>, with
/// an access token of the authority for the control plane. It is one for all registries, so that the rights are those at the subscription.
/// </summary>
internal sealed class GarbageEndpoints(
    ControlGate gate, IGarbageControl control, GarbageRounds rounds, LifecycleOptions options, PublicNames names, TimeProvider time, ILogger<GarbageEndpoints> logger)
    : IFeatureRoutes
{
    private const string Prefix = "/berth/v1/garbage";
    private const string Pause = Prefix + "/pause";
    private const string Proof = Prefix + "/proof";
    private const string Right = "Microsoft.Authorization/garbageCollection/";
    private const int MostCounted = 100_000;
    private const int DefaultEntries = 100;
    private const int MostEntries = 1_000;
    private const int MaxBody = 4 * 1024;

    /// <inheritdoc/>
    public IEnumerable<ApiCall> Calls => GarbageDescription.Of(Prefix, Pause, Proof, Right);

    /// <inheritdoc/>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        var path = context.Request.Path.Value ?? "";
        var isOurs = path == Prefix || path.StartsWith(Prefix + "/", StringComparison.Ordinal);
        handled = isOurs ? RequestFailure.GuardAsync(context, logger, Prefix, () => AnswerAsync(context, path)) : Task.CompletedTask;
        return isOurs;
    }

    private async Task AnswerAsync(HttpContext context, string path)
    {
        var principal = await gate.SignInAsync(context);
        var method = context.Request.Method;
        var (verb, role) = HttpMethods.IsGet(method) ? ("read", "Reader") : ("write", "Owner");
        await gate.RequireAsync(context, principal, Right + verb, "do this with garbage collection", role);
        await (path switch
        {
            Prefix when HttpMethods.IsGet(method) => ShowAsync(context),
            Proof when HttpMethods.IsGet(method) => ProveAsync(context),
            Pause when HttpMethods.IsPut(method) => PauseAsync(context, principal),
            Pause when HttpMethods.IsDelete(method) => ResumeAsync(context, principal),
            Prefix or Proof => throw RequestFailure.Unsupported(context, "GET"),
            Pause => throw RequestFailure.Unsupported(context, "PUT, DELETE"),
            _ => throw new OciException(OciErrorCode.NameUnknown, $"There is nothing at this path; there are {Prefix}, {Pause} and {Proof}."),
        });
    }

    private async Task ShowAsync(HttpContext context)
    {
        var state = await control.ReadDeletionStateAsync(context.RequestAborted);
        var queues = await control.CountGarbageAsync(options.ReferrerExpiry, MostCounted, context.RequestAborted);
        await JsonAnswer.WriteObjectAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteString("state"u8, state.SuspendedUntil is not null ? "suspended" : state.PausedUntil is not null ? "paused" : "running");
            GarbageJson.WriteTime(json, "pausedUntil", state.PausedUntil);
            json.WriteString("pausedBy"u8, state.PausedBy);
            GarbageJson.WriteTime(json, "suspendedUntil", state.SuspendedUntil);
            GarbageJson.Write(json, queues, MostCounted);
            var estimate = rounds.Estimate(queues.Total);
            if (estimate is { } left) json.WriteNumber("etaSeconds"u8, (long)Math.Ceiling(left.TotalSeconds));
            else json.WriteNull("etaSeconds"u8);
            GarbageJson.Write(json, "runningRound", rounds.Running);
            GarbageJson.Write(json, "lastRound", rounds.Last);
        });
    }

    private async Task ProveAsync(HttpContext context)
    {
        var count = ReadCount(context);
        try
        {
            var page = await control.ListGarbageAsync(options.ReferrerExpiry, options.Grace, context.Request.Query["$skiptoken"] is [{ Length: > 0 } key] ? key : null, count, context.RequestAborted);
            await JsonAnswer.WriteObjectAsync(context, StatusCodes.Status200OK, json =>
            {
                json.WriteStartArray("value"u8);
                foreach (var entry in page.Items) GarbageJson.Write(json, entry);
                json.WriteEndArray();
                if (page is { More: true, Last: { } last })
                {
                    json.WriteString(
                        "nextLink"u8,
                        string.Create(CultureInfo.InvariantCulture, $"{names.ArmEndpoint}{Proof}?n={count}&$skiptoken={Uri.EscapeDataString(last)}"));
                }
            });
        }
        catch (FormatException)
        {
            throw new OciException(OciErrorCode.PaginationNumberInvalid, "$skiptoken is not one that a nextLink of this list gave.");
        }
    }

    private async Task PauseAsync(HttpContext context, Principal principal)
    {
        var until = await ReadUntilAsync(context);
        var now = time.GetUtcNow();
        if (until <= now || until > now + IGarbageControl.LongestPause)
        {
            throw new OciException(
                OciErrorCode.BadRequest, $"'until' must lie ahead, by {IGarbageControl.LongestPause.TotalDays} days at most: a pause that nobody remembers fills the disk.");
        }

        await control.SetDeletionPauseAsync(until, principal.CallerOf(context), context.RequestAborted);
        await ShowAsync(context);
    }

    private async Task ResumeAsync(HttpContext context, Principal principal)
    {
        if ((await control.ReadDeletionStateAsync(context.RequestAborted)).PausedUntil is not null)
            await control.SetDeletionPauseAsync(null, principal.CallerOf(context), context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task<DateTimeOffset> ReadUntilAsync(HttpContext context)
    {
        using var body = await JsonBody.ReadAsync(context, MaxBody);
        return body.RootElement.TryGetProperty("until", out var until) && until.ValueKind == JsonValueKind.String && until.TryGetDateTimeOffset(out var time)
            ? time
            : throw JsonBody.Bad("Say until when: {\"until\": \"2026-01-31T12:00:00Z\"}.");
    }

    private static int ReadCount(HttpContext context)
    {
        if (context.Request.Query["n"] is not [{ Length: > 0 } text]) return DefaultEntries;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
            ? Math.Min(count, MostEntries)
            : throw new OciException(OciErrorCode.PaginationNumberInvalid, "n must be a whole number from 1 to 2147483647.");
    }
}

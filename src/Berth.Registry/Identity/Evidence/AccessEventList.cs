using System.Globalization;
using Berth.Metadata;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Evidence;

/// <summary>Lists who signed in and who was refused, the newest first: at a registry, or at what belongs to none (the authority, the directory, the subscription).</summary>
internal sealed class AccessEventList(IAccessEvents events, AccessLog accessLog, NamedPrincipals people, TimeProvider time)
{
    private const int MaxEvents = 1_000;
    private const int MaxHours = 2_160;

    // What is seen where no registry is named is recorded for this one.
    private const long NoRegistry = 0;

    /// <summary>Those who signed in.</summary>
    public Task LoginsAsync(EvidenceCall call) => AnswerAsync(call, AccessEventKinds.SignIn, AccessEventKinds.SignIn);

    /// <summary>Those who were refused, or whose proof was not good.</summary>
    public Task DenialsAsync(EvidenceCall call) => AnswerAsync(call, AccessEventKinds.Denied, AccessEventKinds.SignInRefused);

    private async Task AnswerAsync(EvidenceCall call, string kind, string otherKind)
    {
        var context = call.Context;
        var since = time.GetUtcNow() - TimeSpan.FromHours(HoursOf(context));
        await accessLog.FlushIfPossibleAsync(context.RequestAborted);
        var found = await events.ListAccessEventsAsync(call.Registry?.Id ?? NoRegistry, since, [kind, otherKind], MaxEvents, context.RequestAborted);
        var described = await people.DescribeAsync(found.Select(e => e.Actor), context.RequestAborted);
        await EvidenceAnswer.WriteAsync(context, json =>
        {
            json.WriteStartArray("value"u8);
            foreach (var e in found)
            {
                json.WriteStartObject();
                json.WriteString("minute"u8, e.Minute);
                json.WriteString("kind"u8, e.Kind);
                json.WriteString("actor"u8, e.Actor);
                if (described.GetValueOrDefault(e.Actor) is { } display) json.WriteString("displayName"u8, display);
                json.WriteString("address"u8, e.Address);
                json.WriteString("reason"u8, e.Reason);
                json.WriteNumber("count"u8, e.Count);
                json.WriteString("requestId"u8, e.RequestId);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteBoolean("isCut"u8, found.Count == MaxEvents);
        });
    }

    private static int HoursOf(HttpContext context)
    {
        if (context.Request.Query["hours"] is not [{ } text]) return 24;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var hours) && hours is > 0 and <= MaxHours
            ? hours
            : throw new OciException(OciErrorCode.BadRequest, $"hours must be a whole number from 1 to {MaxHours}.");
    }
}

using System.Globalization;
using System.Text.Json;
using Berth.Metadata;

namespace Berth.Registry.Management;

/// <summary>
/// The activity log: what was changed on the control plane, by whom and when, out of the ledger. The newest comes first. The place where the asked time
/// ends is searched for, so that the work does not grow with what is newer; a page looks at a bounded number of records.
/// </summary>
internal sealed class ActivityEndpoints(ILedger ledger, ActivityNames activityNames)
{
    private const int RecordsAtOnce = 500;
    private const int MostReads = 10;

    /// <summary>The calls.</summary>
    public static IReadOnlyList<ManagementRoute> Routes =>
    [
        ManagementRoute.Of<ActivityEndpoints>(
            "activity.list", "GET", "/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values",
            "Microsoft.Insights/eventtypes/values/read", (e, r) => e.ListAsync(r)),
    ];

    private async Task ListAsync(ManagementRequest request)
    {
        var filter = ListFilter.Parse(request.Query("$filter")).Only(
            "eventTimestamp", "resourceUri", "resourceGroupName", "resourceProvider", "eventChannels", "caller", "correlationId");
        var from = ReadTime(filter, "ge") ?? throw ManagementException.Bad(
            "InvalidFilterInQueryString", "The $filter needs a start: eventTimestamp ge '2026-01-31T00:00:00Z'.");
        var until = ReadTime(filter, "le");

        var before = request.After is not { } token ? until is { } end ? await FindEndAsync(end, request.Aborted) + 1 : long.MaxValue
            : long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw ManagementException.Bad("InvalidSkipToken", "The $skiptoken is none that a nextLink held; ask for the list from its start.");
        var events = new List<ActivityEvent>();
        var more = true;
        for (var read = 0; more && read < MostReads && events.Count < ManagementRequest.PageSize; read++)
        {
            var records = await ledger.ReadLedgerBackwardsAsync(before, RecordsAtOnce, request.Aborted);
            more = records.Count == RecordsAtOnce;
            foreach (var record in records)
            {
                before = record.Number;
                if (TimeOf(record) < from)
                {
                    more = false;
                    break;
                }

                if (TimeOf(record) > until) continue;
                if (await activityNames.DescribeAsync(record, request.Installation, request.Aborted) is { } known && IsAsked(known, filter)) events.Add(known);
            }
        }

        await request.WriteListAsync(events, (json, known) => Write(json, known, request.Installation), more ? before.ToString(CultureInfo.InvariantCulture) : null);
    }

    // The number of the last record up to the time: hybrid time grows with the number, which has gaps.
    private async ValueTask<long> FindEndAsync(DateTimeOffset until, CancellationToken cancellationToken)
    {
        long low = 0, step = 1;
        while (await FirstAfterAsync(low + step, cancellationToken) is { } record && TimeOf(record) <= until)
        {
            low = record.Number;
            step *= 2;
        }

        var high = low + step;
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (await FirstAfterAsync(middle, cancellationToken) is { } record && TimeOf(record) <= until) low = record.Number;
            else high = middle;
        }

        return low;
    }

    private async ValueTask<LedgerRecord?> FirstAfterAsync(long number, CancellationToken cancellationToken) =>
        await ledger.ReadLedgerAsync(number, 1, cancellationToken) is [var record, ..] ? record : null;

    private static DateTimeOffset TimeOf(LedgerRecord record) => DateTimeOffset.FromUnixTimeMilliseconds(record.HybridTime >> 16);

    private static bool IsAsked(ActivityEvent known, ListFilter filter)
    {
        return Matches(known.ResourceId, "resourceUri") && Matches(known.ResourceGroup, "resourceGroupName") && Matches(known.Record.Actor, "caller")
            && Matches(known.Record.RequestId, "correlationId") && Matches(known.Operation.Split('/')[0], "resourceProvider");

        bool Matches(string? value, string name) => filter.ValueOf(name) is not { } wanted || wanted.Equals(value, StringComparison.OrdinalIgnoreCase)
            || name == "resourceUri" && value!.StartsWith(wanted.TrimEnd('/') + "/", StringComparison.OrdinalIgnoreCase);
    }

    private static DateTimeOffset? ReadTime(ListFilter filter, string comparison)
    {
        if (filter.ValueOf("eventTimestamp", comparison) is not { } text) return null;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : throw ManagementException.Bad("InvalidFilterInQueryString", $"'{ManagementException.Shorten(text)}' is no time such as 2026-01-31T00:00:00Z.");
    }

    private static void Write(Utf8JsonWriter json, ActivityEvent known, InstallationRecord installation)
    {
        var record = known.Record;
        var time = TimeOf(record);
        json.WriteStartObject();
        json.WriteString("id"u8, $"{known.ResourceId}/events/{record.Number}/ticks/{time.UtcTicks}");
        json.WriteString("eventDataId"u8, record.Number.ToString(CultureInfo.InvariantCulture));
        json.WriteString("correlationId"u8, record.RequestId ?? record.Number.ToString(CultureInfo.InvariantCulture));
        json.WriteString("caller"u8, record.Actor);
        json.WriteString("eventTimestamp"u8, time);
        json.WriteString("submissionTimestamp"u8, time);
        json.WriteString("level"u8, "Informational");
        json.WriteString("resourceId"u8, known.ResourceId);
        json.WriteString("resourceGroupName"u8, known.ResourceGroup ?? "");
        json.WriteString("subscriptionId"u8, installation.SubscriptionId);
        json.WriteString("tenantId"u8, installation.TenantId);
        WriteLocalized(json, "operationName", known.Operation);
        WriteLocalized(json, "resourceProviderName", known.Operation.Split('/')[0]);
        WriteLocalized(json, "category", "Administrative");
        WriteLocalized(json, "eventName", "EndRequest");
        WriteLocalized(json, "status", "Succeeded");
        WriteLocalized(json, "subStatus", "");
        json.WriteStartObject("httpRequest"u8);
        json.WriteString("clientIpAddress"u8, record.Address ?? "");
        json.WriteEndObject();
        json.WriteStartObject("properties"u8);
        json.WriteString("kind"u8, record.Kind);
        json.WriteString("facts"u8, record.Payload ?? "{}");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteLocalized(Utf8JsonWriter json, string name, string value)
    {
        json.WriteStartObject(name);
        json.WriteString("value"u8, value);
        json.WriteString("localizedValue"u8, value);
        json.WriteEndObject();
    }
}

using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.ApiReference;
using Berth.Registry.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Jobs.Nodes;

/// <summary>
/// The nodes as an operator sees them: <c>GET /berth/v1/nodes</c>, with an access token of the authority for the control plane and the right at the subscription.
/// </summary>
internal sealed class NodeEndpoints(ControlGate gate, INodes nodes, ILeases leases, ILedgerReaders ledger, Node node, ILogger<NodeEndpoints> logger) : IFeatureRoutes
{
    private const string Prefix = "/berth/v1/nodes";
    private const string Right = "Microsoft.Authorization/nodes/read";
    private const int MostNodes = 1_000;
    private const int MostLeases = 10_000;

    /// <inheritdoc/>
    public IEnumerable<ApiCall> Calls => NodeCalls.Of(Prefix, Right);

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
        await gate.RequireAsync(context, principal, Right, "see the nodes", "Reader");
        if (path != Prefix) throw new OciException(OciErrorCode.NameUnknown, $"There is nothing at this path; there is {Prefix}.");
        if (!HttpMethods.IsGet(context.Request.Method)) throw RequestFailure.Unsupported(context, "GET");

        var list = await nodes.ListNodesAsync(MostNodes, context.RequestAborted);
        var held = await leases.ListLeasesAsync(MostLeases, context.RequestAborted);
        var readers = await ledger.ListLedgerReadersAsync(context.RequestAborted);
        await JsonAnswer.WriteObjectAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteString("now"u8, list.Now);
            json.WriteStartArray("nodes"u8);
            foreach (var one in list.Nodes) Write(json, one, list.Now, held);
            json.WriteEndArray();
            json.WriteStartArray("leases"u8);
            foreach (var lease in held) Write(json, lease, list.Nodes);
            json.WriteEndArray();
            json.WriteStartArray("ledgerReaders"u8);
            foreach (var reader in readers) Write(json, reader);
            json.WriteEndArray();
        });
    }

    private void Write(Utf8JsonWriter json, NodeRecord one, DateTimeOffset now, IReadOnlyList<LeaseRecord> held)
    {
        var isSilent = leases.AreShared && now - one.SeenAt > NodeRecord.Silence;
        json.WriteStartObject();
        json.WriteString("id"u8, one.Node.Id);
        json.WriteString("name"u8, one.Node.Name);
        json.WriteString("version"u8, one.Node.Version);
        json.WriteString("state"u8, isSilent ? "silent" : one.Node.IsDraining ? "draining" : "serving");
        json.WriteBoolean("isAnswering"u8, one.Node.Id == node.Id);
        json.WriteString("startedAt"u8, one.Node.StartedAt);
        json.WriteString("seenAt"u8, one.SeenAt);
        json.WriteNumber("clockOffsetSeconds"u8, Math.Round(one.ClockOffset.TotalSeconds, 3));
        json.WriteStartArray("jobs"u8);
        foreach (var lease in held)
        {
            if (lease.Lease.Holder == one.Node.Id) json.WriteStringValue(lease.Lease.Name);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, LeaseRecord lease, IReadOnlyList<NodeRecord> nodes)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, lease.Lease.Name);
        json.WriteString("holder"u8, lease.Lease.Holder);
        json.WriteString("node"u8, nodes.FirstOrDefault(node => node.Node.Id == lease.Lease.Holder)?.Node.Name);
        json.WriteNumber("fence"u8, lease.Lease.Fence);
        json.WriteString("expiresAt"u8, lease.ExpiresAt);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, LedgerReader reader)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, reader.Name);
        json.WriteNumber("behind"u8, reader.Behind);
        json.WriteEndObject();
    }
}

using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.ApiReference;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity.Federation;

/// <summary>
/// Keys of issuers that cannot be asked: <c>GET</c>, <c>PUT</c> and <c>DELETE /berth/v1/issuer-keys[?issuer=URL]</c>, with an access token of the authority
/// for the control plane. Whoever brings an issuer's keys can sign in as every account that trusts it, so that only who may give every right may do it.
/// </summary>
internal sealed class IssuerKeyEndpoints(ControlGate gate, IIssuerKeys rows, ILogger<IssuerKeyEndpoints> logger) : IFeatureRoutes
{
    private const string Path = "/berth/v1/issuer-keys";
    private const string Right = "Microsoft.Authorization/issuerKeys/";
    private const int MaxIssuer = 600;

    /// <inheritdoc/>
    public IEnumerable<ApiCall> Calls => IssuerKeyDescription.Of(Path, Right);

    /// <inheritdoc/>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        var isOurs = context.Request.Path.Equals(Path, StringComparison.Ordinal);
        handled = isOurs ? RequestFailure.GuardAsync(context, logger, Path, () => AnswerAsync(context)) : Task.CompletedTask;
        return isOurs;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var principal = await gate.SignInAsync(context);
        var method = context.Request.Method;
        var verb = HttpMethods.IsGet(method) ? "read" : HttpMethods.IsDelete(method) ? "delete" : "write";
        await gate.RequireAsync(context, principal, Right + verb, "do this with issuers' keys", "Owner");
        if (HttpMethods.IsGet(method)) await ListAsync(context);
        else if (HttpMethods.IsPut(method)) await PutAsync(context, IssuerOf(context), principal);
        else if (HttpMethods.IsDelete(method)) await DeleteAsync(context, IssuerOf(context), principal);
        else throw RequestFailure.Unsupported(context, "GET, PUT, DELETE");
    }

    private async Task ListAsync(HttpContext context)
    {
        var all = await rows.ListIssuerKeysAsync(context.RequestAborted);
        await JsonAnswer.WriteObjectAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartArray("value"u8);
            foreach (var record in all)
            {
                json.WriteStartObject();
                Write(json, record);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }

    private async Task PutAsync(HttpContext context, string issuer, Principal principal)
    {
        string keys;
        try
        {
            keys = BroughtKeys.Normalize(await ReadBodyAsync(context));
        }
        catch (FormatException e)
        {
            throw new OciException(OciErrorCode.BadRequest, e.Message);
        }

        var put = await rows.PutIssuerKeysAsync(issuer, keys, principal.CallerOf(context), context.RequestAborted);
        if (put.Record is not { } record)
            throw new OciException(OciErrorCode.BadRequest, $"There are {IIssuerKeys.MostIssuers} issuers already; delete one first.", status: StatusCodes.Status409Conflict);
        var status = put.Outcome == CreateOutcome.Created ? StatusCodes.Status201Created : StatusCodes.Status200OK;
        await JsonAnswer.WriteObjectAsync(context, status, json => Write(json, record));
    }

    private async Task DeleteAsync(HttpContext context, string issuer, Principal principal)
    {
        if (!await rows.DeleteIssuerKeysAsync(issuer, principal.CallerOf(context), context.RequestAborted))
            throw new OciException(OciErrorCode.NameUnknown, $"No keys were brought for '{issuer}'; list them (berth identity issuer-keys list).");
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static string IssuerOf(HttpContext context) =>
        context.Request.Query["issuer"] is [{ Length: > 0 and <= MaxIssuer } issuer] && issuer.All(c => c is > ' ' and <= '~')
            ? issuer
            : throw new OciException(OciErrorCode.BadRequest, $"Give the issuer, once, as its tokens name it and with {MaxIssuer} characters at most: ?issuer=https://issuer.example.");

    private static async Task<ReadOnlyMemory<byte>> ReadBodyAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = BroughtKeys.MostBytes;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = new MinDataRate(bytesPerSecond: 240, TimeSpan.FromSeconds(5));
        var bytes = new MemoryStream();
        await context.Request.Body.CopyToAsync(bytes, context.RequestAborted);
        return bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
    }

    private static void Write(Utf8JsonWriter json, IssuerKeysRecord record)
    {
        using var keys = JsonDocument.Parse(record.Keys);
        json.WriteString("issuer"u8, record.Issuer);
        json.WritePropertyName("keys"u8);
        keys.RootElement.GetProperty("keys"u8).WriteTo(json);
        json.WriteString("createdAt"u8, record.Authorship.CreatedAt);
        json.WriteString("createdBy"u8, record.Authorship.CreatedBy);
        json.WriteString("updatedAt"u8, record.Authorship.UpdatedAt);
        json.WriteString("updatedBy"u8, record.Authorship.UpdatedBy);
    }
}

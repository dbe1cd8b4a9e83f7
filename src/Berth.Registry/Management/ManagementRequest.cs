using System.Globalization;
using System.Text;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;
using Berth.Registry.Network;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Berth.Registry.Management;

/// <summary>A call of the control plane whose caller was found good and permitted to make it.</summary>
internal sealed class ManagementRequest(
    HttpContext http, ManagementRoute route, IReadOnlyDictionary<string, string> values, ResourceScope scope, Principal principal, InstallationRecord installation,
    PublicNames names)
{
    /// <summary>How many entries a page of a list has at most.</summary>
    public const int PageSize = 200;

    private const int MaxBodyBytes = 1 << 20;
    private const int MaxDepth = 32;

    /// <summary>The version of the API that the client speaks.</summary>
    public required ApiVersion Version { get; init; }

    /// <summary>A name in the path.</summary>
    public string this[string name] => values[name];

    /// <summary>The call.</summary>
    public ManagementRoute Route => route;

    /// <summary>The resource that the caller's right was looked for at.</summary>
    public ResourceScope Scope => scope;

    /// <summary>Who asks.</summary>
    public Principal Principal => principal;

    /// <summary>Who asks, for the ledger.</summary>
    public Caller Caller => principal.CallerOf(http);

    /// <summary>The private listener that the call came in at; null for a public one.</summary>
    public PrivateArrival? Arrival => http.Features.Get<PrivateArrival>();

    /// <summary>The installation.</summary>
    public InstallationRecord Installation => installation;

    /// <summary>Ends when the client goes away.</summary>
    public CancellationToken Aborted => http.RequestAborted;

    /// <summary>The entry that a page of a list goes on after, or null for its start.</summary>
    public string? After
    {
        get
        {
            if (Query("$skiptoken") is not { } token) return null;
            try
            {
                return Encoding.UTF8.GetString(Convert.FromBase64String(token.Replace('-', '+').Replace('_', '/')));
            }
            catch (FormatException)
            {
                throw ManagementException.Bad("InvalidSkipToken", "The $skiptoken is none that a nextLink held; ask for the list from its start.");
            }
        }
    }

    /// <summary>How many entries the page of a list has at most: <see cref="PageSize"/>, or fewer where <c>$top</c> says so.</summary>
    public int Limit => Query("$top") is not { } text ? PageSize
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var top) && top > 0 ? Math.Min(top, PageSize)
        : throw ManagementException.Bad("InvalidTop", "$top is a whole number from 1 on.");

    /// <summary>A parameter of the query, or null.</summary>
    public string? Query(string name) => http.Request.Query[name].ToString() is { Length: > 0 } text ? text : null;

    /// <summary>The body, a JSON object; an empty one when there is none.</summary>
    public async Task<ResourceBody> ReadBodyAsync()
    {
        using var bytes = await ReadBytesAsync();
        if (bytes.Length == 0) return ResourceBody.Empty;
        try
        {
            using var document = JsonReading.ParseReadable(
                bytes.GetBuffer().AsMemory(0, (int)bytes.Length), new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false });
            return document?.RootElement.ValueKind == JsonValueKind.Object
                ? new ResourceBody(document.RootElement.Clone(), "")
                : throw ManagementException.BadContent("The body must be a JSON object whose names and texts can be read.");
        }
        catch (JsonException e)
        {
            throw ManagementException.BadContent(e.LineNumber is { } line
                ? $"The body is no JSON of at most {MaxDepth} levels: it cannot be read at line {line + 1}, byte {e.BytePositionInLine + 1}."
                : "The body has a property twice in the same object; leave one of them out.");
        }
    }

    /// <summary>Answers with a JSON object.</summary>
    public Task WriteAsync(int status, Action<Utf8JsonWriter> write) => JsonAnswer.WriteAsync(http, status, write);

    /// <summary>Answers with a page of a list.</summary>
    public Task WriteListAsync<T>(IEnumerable<T> items, Action<Utf8JsonWriter, T> write, string? next = null) => WriteAsync(200, json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("value"u8);
        foreach (var item in items) write(json, item);
        json.WriteEndArray();
        if (next is not null) json.WriteString("nextLink"u8, NextLink(next));
        json.WriteEndObject();
    });

    /// <summary>Answers without a body.</summary>
    public Task WriteEmptyAsync(int status)
    {
        http.Response.StatusCode = status;
        http.Response.ContentLength = status == 204 ? null : 0;
        return Task.CompletedTask;
    }

    /// <summary>Where a list goes on after an entry.</summary>
    public string NextLink(string after)
    {
        var token = Convert.ToBase64String(Encoding.UTF8.GetBytes(after)).Replace('+', '-').Replace('/', '_');
        var query = http.Request.Query.Where(p => p.Key != "$skiptoken").SelectMany(p => p.Value, (p, value) => $"{p.Key}={Uri.EscapeDataString(value ?? "")}");
        return $"{names.ArmEndpoint}{http.Request.Path.ToUriComponent()}?{string.Join('&', query)}&$skiptoken={Uri.EscapeDataString(token)}";
    }

    private async Task<MemoryStream> ReadBytesAsync()
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = MaxBodyBytes;
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = new MinDataRate(bytesPerSecond: 240, TimeSpan.FromSeconds(5));
        var bytes = new MemoryStream();
        await http.Request.Body.CopyToAsync(bytes, http.RequestAborted);
        return bytes;
    }
}

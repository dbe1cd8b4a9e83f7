using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.ApiReference;

/// <summary>
/// The API's description: <c>GET /openapi/v1.json</c> and, for people, <c>GET /docs/api</c>. Both are made from the features' route tables when somebody
/// first asks, and are the same for everybody: they say nothing that is of this installation but its public names.
/// </summary>
internal sealed class ReferenceEndpoints(FeatureWiring wiring, PublicNames names, RegistryOptions options) : IFeatureRoutes
{
    private const string DocumentPath = "/openapi/v1.json";
    private const string PagePath = "/docs/api";

    private readonly Lazy<byte[]> _document = new(() => OpenApiDocument.Write(CallsOf(wiring), names, options.DefaultRegistry));
    private readonly Lazy<byte[]> _page = new(() => ReferencePage.Write(CallsOf(wiring), DocumentPath));

    /// <summary>Whether somebody has asked.</summary>
    public bool IsMade => _document.IsValueCreated || _page.IsValueCreated;

    /// <inheritdoc/>
    public IEnumerable<ApiCall> Calls =>
    [
        new("reference.document", "GET", DocumentPath, ApiPart.Reference, "The API as an OpenAPI 3.1 document.") { Answers = [new(200, new ApiContent("OpenApiDocument"))] },
        new("reference.page", "GET", PagePath, ApiPart.Reference, "The API as a page for people.") { Answers = [new(200, new ApiContent(null, "text/html"))] },
    ];

    /// <summary>All calls of all features, in the order of the API's parts.</summary>
    public static IReadOnlyList<ApiCall> CallsOf(FeatureWiring wiring)
    {
        var calls = wiring.Features.SelectMany(feature => feature.Calls).ToLookup(call => call.Part);
        return [.. ApiPart.All.SelectMany(part => calls[part])];
    }

    /// <inheritdoc/>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        var path = context.Request.Path.Value;
        var isOurs = path is DocumentPath or PagePath;
        handled = !isOurs ? Task.CompletedTask
            : path == PagePath ? AnswerAsync(context, _page, "text/html; charset=utf-8")
            : AnswerAsync(context, _document, "application/json; charset=utf-8");
        return isOurs;
    }

    private static async Task AnswerAsync(HttpContext context, Lazy<byte[]> content, string type)
    {
        var (request, response) = (context.Request, context.Response);
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            response.Headers.Allow = "GET, HEAD";
            await ErrorResponse.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, OciErrorCode.Unsupported, "Only GET and HEAD are supported here.");
            return;
        }

        response.ContentType = type;
        response.Headers.CacheControl = "no-cache";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.XFrameOptions = "DENY";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers.ContentSecurityPolicy = ReferencePage.ContentSecurityPolicy;
        response.ContentLength = content.Value.Length;
        if (HttpMethods.IsGet(request.Method)) await response.Body.WriteAsync(content.Value, context.RequestAborted);
    }
}

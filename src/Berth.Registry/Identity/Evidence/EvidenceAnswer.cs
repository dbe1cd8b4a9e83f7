using System.Text;
using System.Text.Json;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Evidence;

/// <summary>Reads what an auditor's question says beside its path, and writes the answer.</summary>
internal static class EvidenceAnswer
{
    private const string SkipToken = "$skiptoken";

    /// <summary>The repository that is asked about.</summary>
    /// <exception cref="OciException">It is missing, or none.</exception>
    public static RepositoryName RepositoryOf(HttpContext context) =>
        OptionalRepositoryOf(context) ?? throw new OciException(OciErrorCode.NameInvalid, "Give the repository: ?repository=team/app.");

    /// <summary>The repository that is asked about, or null.</summary>
    /// <exception cref="OciException">It is none.</exception>
    public static RepositoryName? OptionalRepositoryOf(HttpContext context)
    {
        if (context.Request.Query["repository"] is not [{ Length: > 0 } text]) return null;
        return RepositoryName.TryParse(text, out var repository)
            ? repository
            : throw new OciException(OciErrorCode.NameInvalid, "'repository' is no repository's name such as team/app.");
    }

    /// <summary>The key that a page goes on after, or null for the list's start.</summary>
    /// <exception cref="OciException">It is none that a page gave.</exception>
    public static string? AfterOf(HttpContext context)
    {
        if (context.Request.Query[SkipToken] is not [{ } token]) return null;
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(token.Replace('-', '+').Replace('_', '/')));
        }
        catch (FormatException)
        {
            throw BadToken();
        }
    }

    /// <summary>The refusal of a key that is none that a page gave.</summary>
    public static OciException BadToken() => new(OciErrorCode.BadRequest, "The $skiptoken is none that a nextLink held; ask for the list from its start.");

    /// <summary>Writes where the list goes on, if it does.</summary>
    public static void WriteNext(Utf8JsonWriter json, HttpContext context, PublicNames names, string? after)
    {
        if (after is null) return;
        var query = context.Request.Query.Where(p => p.Key != SkipToken).SelectMany(p => p.Value, (p, value) => $"{Uri.EscapeDataString(p.Key)}={Uri.EscapeDataString(value ?? "")}&");
        var token = Convert.ToBase64String(Encoding.UTF8.GetBytes(after)).Replace('+', '-').Replace('/', '_');
        json.WriteString("nextLink"u8, $"{names.ArmEndpoint}{context.Request.Path.ToUriComponent()}?{string.Concat(query)}{SkipToken}={Uri.EscapeDataString(token)}");
    }

    /// <summary>Answers with an object.</summary>
    public static async Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> write)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), context.RequestAborted);
    }
}

using System.Globalization;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>One request about lifecycle rules that was let in.</summary>
/// <param name="Http">The HTTP request and answer.</param>
/// <param name="Admission">Who asks, of which registry.</param>
/// <param name="Target">What is asked for.</param>
internal sealed record LifecycleRequest(HttpContext Http, Admission Admission, LifecycleTarget Target)
{
    private const int MaxBody = 64 * 1024;
    private const int DefaultEntries = 100;

    /// <summary>The registry's row.</summary>
    public long Registry => Admission.Registry.Id;

    /// <summary>Ends when the client goes away.</summary>
    public CancellationToken Aborted => Http.RequestAborted;

    /// <summary>Who asks, as the ledger records it.</summary>
    public Caller Caller => Admission.Principal.CallerOf(Http);

    /// <summary>A query parameter's value, or null.</summary>
    public string? Query(string name) => Http.Request.Query[name] is [{ Length: > 0 } value] ? value : null;

    /// <summary>A truth value of the query; false without it.</summary>
    /// <exception cref="OciException">400: it is none.</exception>
    public bool Flag(string name) => Query(name) switch
    {
        null or "false" => false,
        "true" => true,
        _ => throw new OciException(OciErrorCode.BadRequest, $"{name} must be true or false."),
    };

    /// <summary>A plan's id of the query; null without it.</summary>
    /// <exception cref="OciException">400: it is none.</exception>
    public long? Id(string name)
    {
        if (Query(name) is not { } text) return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : throw new OciException(OciErrorCode.BadRequest, $"{name} must be a number.");
    }

    /// <summary>How many entries a page may have.</summary>
    /// <exception cref="OciException">400: <c>n</c> is no such number.</exception>
    public int ReadCount()
    {
        if (Query("n") is not { } text) return DefaultEntries;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
            ? Math.Min(count, ILifecyclePlans.LargestPage)
            : throw new OciException(OciErrorCode.PaginationNumberInvalid, "n must be a whole number from 1 to 2147483647.");
    }

    /// <summary>The JSON object that is sent; null where nothing is.</summary>
    /// <exception cref="OciException">400 or 413: it is none, or too large.</exception>
    public Task<JsonDocument?> ReadBodyAsync() => JsonBody.TryReadAsync(Http, MaxBody);

    /// <summary>Answers with a JSON object.</summary>
    public Task AnswerAsync(int status, Action<Utf8JsonWriter> write) => JsonAnswer.WriteObjectAsync(Http, status, write);
}

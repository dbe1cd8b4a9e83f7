using System.Globalization;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Lifecycle.Usage;

/// <summary>One request about usage or quotas that was let in.</summary>
/// <param name="Http">The HTTP request and answer.</param>
/// <param name="Admission">Who asks, and of which registry.</param>
/// <param name="Repository">The repository of the path; default where it names none.</param>
internal sealed record UsageRequest(HttpContext Http, Admission Admission, RepositoryName Repository)
{
    private const int MaxBody = 128 * 1024;

    /// <summary>The registry's row.</summary>
    public long Registry => Admission.Registry.Id;

    /// <summary>Ends when the client goes away.</summary>
    public CancellationToken Aborted => Http.RequestAborted;

    /// <summary>Who asks, as the ledger records it.</summary>
    public Caller Caller => Admission.Principal.CallerOf(Http);

    /// <summary>A query parameter's value, or null.</summary>
    public string? Query(string name) => Http.Request.Query[name] is [{ Length: > 0 } value] ? value : null;

    /// <summary>A whole number of the query.</summary>
    /// <exception cref="OciException">400: it is none, or out of bounds.</exception>
    public int ReadNumber(string name, int usual, int most)
    {
        if (Query(name) is not { } text) return usual;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && number <= most
            ? number
            : throw new OciException(OciErrorCode.PaginationNumberInvalid, $"{name} must be a whole number from 1 to {most}.");
    }

    /// <summary>A truth value of the query.</summary>
    /// <exception cref="OciException">400: it is none.</exception>
    public bool ReadFlag(string name, bool usual) => Query(name) switch
    {
        null => usual,
        "true" => true,
        "false" => false,
        _ => throw Bad($"{name} must be true or false."),
    };

    /// <summary>The body, which must be a JSON object.</summary>
    /// <exception cref="OciException">400: it is none. 413: it is too large.</exception>
    public Task<JsonDocument> ReadBodyAsync() => JsonBody.ReadAsync(Http, MaxBody);

    /// <summary>Answers with a JSON object.</summary>
    public Task AnswerAsync(Action<Utf8JsonWriter> write) => JsonAnswer.WriteObjectAsync(Http, StatusCodes.Status200OK, write, "private, no-cache");

    /// <summary>Answers with a list inside an object.</summary>
    public Task AnswerAsync<T>(string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write) => AnswerAsync(json =>
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(json, item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    /// <summary>The error for a repository that the registry does not have.</summary>
    public OciException UnknownRepository() => new(
        OciErrorCode.NameUnknown, $"The repository '{Repository}' holds nothing and has no quota.", detail: Repository.ToString());

    /// <summary>The error for a request that says something wrong.</summary>
    public static OciException Bad(string message) => new(OciErrorCode.BadRequest, message);
}

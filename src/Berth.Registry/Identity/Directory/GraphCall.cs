using System.Text.Json;
using Berth.Metadata;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Directory;

/// <summary>One request to the directory: who asks, for what, and how it is answered.</summary>
/// <param name="Context">The request.</param>
/// <param name="Principal">Who asks.</param>
/// <param name="Address">The directory's address with its version.</param>
/// <param name="Values">The path's parts that name something, in their order.</param>
internal sealed record GraphCall(HttpContext Context, Principal Principal, string Address, IReadOnlyList<string> Values)
{
    /// <summary>Ends the work when the client is gone.</summary>
    public CancellationToken Aborted => Context.RequestAborted;

    /// <summary>Who asks, as the ledger records it.</summary>
    public Caller Caller => Principal.CallerOf(Context);

    /// <summary>The object that was sent.</summary>
    public Task<GraphBody> ReadBodyAsync() => GraphBody.ReadAsync(Context);

    /// <summary>Answers that it is done, without a body.</summary>
    public Task DoneAsync()
    {
        Context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    /// <summary>Answers with one object, whose properties the delegate writes.</summary>
    public Task AnswerAsync(int status, Action<Utf8JsonWriter> write) => JsonAnswer.WriteAsync(Context, status, json =>
    {
        json.WriteStartObject();
        json.WriteString("@odata.context"u8, $"{Address}/$metadata");
        write(json);
        json.WriteEndObject();
    });

    /// <summary>Answers with a list of objects; the key says where the next page begins.</summary>
    public Task AnswerListAsync<T>(IEnumerable<T> items, Action<Utf8JsonWriter, T> write, string? next = null) => AnswerAsync(StatusCodes.Status200OK, json =>
    {
        if (next is not null) json.WriteString("@odata.nextLink"u8, GraphPaging.LinkTo(this, next));
        json.WriteStartArray("value"u8);
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(json, item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    /// <summary>Answers with an error, in Graph's form.</summary>
    public static Task RefuseAsync(HttpContext context, int status, string code, string message) => JsonAnswer.WriteAsync(context, status, json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("code"u8, code);
        json.WriteString("message"u8, message);
        json.WriteStartObject("innerError"u8);
        json.WriteString("request-id"u8, context.TraceIdentifier);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    });
}

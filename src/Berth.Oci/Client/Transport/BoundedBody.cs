using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Berth.Oci.Client.Transport;

/// <summary>Reads the content of an answer whole, up to a limit, so that a peer cannot fill the memory.</summary>
internal static class BoundedBody
{
    /// <summary>The largest page of a list: 10,000 names of 255 characters, with room.</summary>
    public const int Page = 8 * 1024 * 1024;

    /// <summary>The largest error or token.</summary>
    public const int Small = 256 * 1024;

    /// <summary>Reads the content; null when it is longer than the limit.</summary>
    public static async Task<byte[]?> TryReadAsync(HttpContent content, int limit, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > limit) return null;
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[Math.Min(limit, content.Headers.ContentLength ?? 16 * 1024) + 1];
        var length = 0;
        while (true)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0) return buffer.AsSpan(0, length).ToArray();
            length += read;
            if (length > limit) return null;
            if (length == buffer.Length) Array.Resize(ref buffer, Math.Min(limit + 1, buffer.Length * 2));
        }
    }

    /// <summary>Reads JSON.</summary>
    /// <exception cref="OciException">The content is too long or not the JSON expected; <see cref="OciErrorCode.Unknown"/>, status 502.</exception>
    public static async Task<T> ReadJsonAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, int limit, CancellationToken cancellationToken)
        where T : class
    {
        var body = await TryReadAsync(response.Content, limit, cancellationToken)
            ?? throw Bad(response, $"more than {limit} bytes");
        try
        {
            return JsonSerializer.Deserialize(body, type) ?? throw Bad(response, "null instead of an object");
        }
        catch (JsonException e)
        {
            throw Bad(response, $"what is not the JSON of {typeof(T).Name} ({e.Message})");
        }
    }

    private static OciException Bad(HttpResponseMessage response, string what) => new(
        OciErrorCode.Unknown, $"{response.RequestMessage?.RequestUri?.Authority} answered {what}.", status: 502);
}

using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Berth.Bench.Servers;

/// <summary>
/// As much of S3 as uploads need, in this process: parts are counted and thrown away, so that 64 GiB need no disk; small objects are kept. For what a node has in memory, which does not depend on
/// what the store does with the bytes.
/// </summary>
internal sealed class ObjectSink : IAsyncDisposable
{
    private const long MostKept = 1 << 20;

    private readonly ConcurrentDictionary<string, byte[]?> _objects = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _sizes = new(StringComparer.Ordinal);
    private readonly WebApplication _application;

    private ObjectSink(IPEndPoint address)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(address);
        });
        _application = builder.Build();
        _application.Run(AnswerAsync);
        Settings = new Dictionary<string, string>
        {
            ["BERTH_Storage__Kind"] = "S3",
            ["BERTH_Storage__S3__Bucket"] = "sink",
            ["BERTH_Storage__S3__Endpoint"] = $"http://{address}",
            ["BERTH_Storage__S3__AccessKey"] = "sink",
            ["BERTH_Storage__S3__SecretKey"] = "sink",
        };
    }

    /// <summary>The settings of a node that uses it.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; }

    public static async Task<ObjectSink> StartAsync()
    {
        var sink = new ObjectSink(ServerProcess.FreeAddress());
        await sink._application.StartAsync();
        return sink;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var key = request.Path.Value ?? "";
        var upload = request.Query["uploadId"].ToString();
        switch (request.Method)
        {
            case "PUT" when upload.Length > 0:
                _sizes.AddOrUpdate(upload, await DrainAsync(request, null), (_, size) => size + (request.ContentLength ?? 0));
                response.Headers.ETag = "\"part\"";
                break;
            case "PUT":
                using (var kept = new MemoryStream())
                {
                    _sizes[key] = await DrainAsync(request, kept);
                    _objects[key] = kept.ToArray();
                }

                response.Headers.ETag = "\"object\"";
                break;
            case "POST" when request.Query.ContainsKey("uploads"):
                await XmlAsync(response, $"<InitiateMultipartUploadResult><Bucket>sink</Bucket><Key>k</Key><UploadId>{Guid.NewGuid():N}</UploadId></InitiateMultipartUploadResult>");
                break;
            case "POST" when upload.Length > 0:
                await DrainAsync(request, null);
                (_objects[key], _sizes[key]) = (null, _sizes.GetValueOrDefault(upload));
                await XmlAsync(response, "<CompleteMultipartUploadResult><Bucket>sink</Bucket><Key>k</Key><ETag>\"object\"</ETag></CompleteMultipartUploadResult>");
                break;
            case "DELETE":
                _objects.TryRemove(key, out _);
                response.StatusCode = StatusCodes.Status204NoContent;
                break;
            case "GET" when request.Query.ContainsKey("uploads"):
                await XmlAsync(response, "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>");
                break;
            case "GET" when request.Query.ContainsKey("list-type"):
                await XmlAsync(response, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>");
                break;
            case "GET" or "HEAD" when _objects.TryGetValue(key, out var bytes):
                response.ContentLength = _sizes[key];
                if (request.Method == "GET" && bytes is not null) await response.Body.WriteAsync(bytes);
                break;
            default:
                response.StatusCode = StatusCodes.Status404NotFound;
                if (request.Method != "HEAD") await XmlAsync(response, "<Error><Code>NoSuchKey</Code><Message>There is none.</Message></Error>");
                break;
        }
    }

    private static async Task<long> DrainAsync(HttpRequest request, MemoryStream? kept)
    {
        var size = 0L;
        while (true)
        {
            var read = await request.BodyReader.ReadAsync();
            size += read.Buffer.Length;
            if (kept is not null && size <= MostKept)
            {
                foreach (var part in read.Buffer) kept.Write(part.Span);
            }

            request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) return size;
        }
    }

    private static Task XmlAsync(HttpResponse response, string text)
    {
        response.ContentType = "application/xml";
        return response.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"<?xml version=\"1.0\" encoding=\"UTF-8\"?>{text}"));
    }
}

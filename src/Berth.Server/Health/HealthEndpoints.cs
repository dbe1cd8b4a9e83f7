using System.Globalization;
using Berth.Metadata;
using Berth.Registry.Jobs;
using Berth.Server.Hosting;
using Berth.Storage;

namespace Berth.Server.Health;

/// <summary>The probes: <c>/healthz/live</c> (the process answers) and <c>/healthz/ready</c> (what it needs answers, too).</summary>
internal sealed partial class HealthEndpoints(
    IMetadataStore metadata, IBlobStore blobs, InstallationRecord installation, Node node, IHostApplicationLifetime lifetime, ILogger<HealthEndpoints> logger)
{
    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(2);

    /// <summary>Answers 200: whoever reads this is alive.</summary>
    public static Task LiveAsync(HttpContext context) => WriteAsync(context, StatusCodes.Status200OK, "alive");

    /// <summary>Answers 200 when metadata and blobs answer and belong together, else 503 with what does not.</summary>
    public async Task ReadyAsync(HttpContext context)
    {
        var problem = lifetime.ApplicationStopping.IsCancellationRequested ? "stopping" : await FindProblemAsync(context.RequestAborted);
        if (problem is null)
        {
            await WriteAsync(context, StatusCodes.Status200OK, "ready");
            return;
        }

        LogNotReady(problem);
        context.Response.Headers.RetryAfter = "5";
        await WriteAsync(context, StatusCodes.Status503ServiceUnavailable, problem);
    }

    private static string DescribeClock(TimeSpan offset) => string.Create(
        CultureInfo.InvariantCulture, $"the node's clock is {Math.Abs(offset.TotalSeconds):0} s {(offset > TimeSpan.Zero ? "ahead of" : "behind")} the database's: set it");

    private static Task WriteAsync(HttpContext context, int status, string text) => Json.WriteAsync(context, status, json =>
    {
        json.WriteStartObject();
        json.WriteString("status"u8, text);
        json.WriteEndObject();
    });

    private async Task<string?> FindProblemAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ProbeLimit);
        try
        {
            if (!await metadata.IsHealthyAsync(limit.Token))
                return node.IsClockOff ? DescribeClock(node.ClockOffset) : "metadata does not answer";
            return await blobs.ReadIdentityAsync(limit.Token) == installation.StoreId ? null : "the blob store is absent or another one";
        }
        catch (Exception e) when (e is StorageUnavailableException or MetadataUnavailableException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return e is MetadataUnavailableException ? "metadata does not answer" : "the blob store does not answer";
        }
    }

    [LoggerMessage(EventIds.NotReady, LogLevel.Warning, "Not ready: {Problem}")]
    private partial void LogNotReady(string problem);
}

using System.Globalization;
using Berth.Metadata;
using Berth.Registry.Jobs;
using Berth.Server.Hosting;
using Berth.Storage;

namespace Berth.Server.Health;

/// <summary>The probes: <c>/healthz/live</c> (the process answers) and <c>/healthz/ready</c> (what it needs answers, too).</summary>
internal sealed partial class HealthEndpoints(
    IMetadataStore metadata, IBlobStore blobs, InstallationRecord installation, Node node, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<HealthEndpoints> logger)
{
    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(2);

    private readonly SharedLook _look = new(time);
    private string? _told;

    /// <summary>Answers 200: whoever reads this is alive.</summary>
    public static Task LiveAsync(HttpContext context) => WriteAsync(context, StatusCodes.Status200OK, "alive");

    /// <summary>Answers 200 when metadata and blobs answer and belong together, else 503 with what does not.</summary>
    public async Task ReadyAsync(HttpContext context)
    {
        var problem = lifetime.ApplicationStopping.IsCancellationRequested ? "stopping" : await _look.AskAsync(LookAsync, context.RequestAborted);
        if (problem is null)
        {
            await WriteAsync(context, StatusCodes.Status200OK, "ready");
            return;
        }

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

    // One look at a time: what was told last is this one's to compare and to set.
    private async Task<string?> LookAsync()
    {
        var problem = await FindProblemAsync();
        if (problem == _told) return problem;

        _told = problem;
        if (problem is null) LogReadyAgain();
        else LogNotReady(problem);
        return problem;
    }

    private async Task<string?> FindProblemAsync()
    {
        using var limit = new CancellationTokenSource(ProbeLimit);
        var silent = "metadata does not answer";
        try
        {
            if (!await metadata.IsHealthyAsync(limit.Token)) return node.IsClockOff ? DescribeClock(node.ClockOffset) : silent;
            silent = "the blob store does not answer";
            return await blobs.ReadIdentityAsync(limit.Token) == installation.StoreId ? null : "the blob store is absent or another one";
        }
        catch (Exception e) when (e is StorageUnavailableException or MetadataUnavailableException or OperationCanceledException)
        {
            return silent;
        }
    }

    [LoggerMessage(EventIds.NotReady, LogLevel.Warning, "Not ready: {Problem}")]
    private partial void LogNotReady(string problem);

    [LoggerMessage(EventIds.ReadyAgain, LogLevel.Information, "Ready again")]
    private partial void LogReadyAgain();
}

using System.Diagnostics;

namespace Berth.Metadata;

/// <summary>
/// The spans of the metadata store: one for each read and each change inside a request or a round that is traced, named after the operation (OpenTelemetry's
/// conventions for database clients). Where nobody listens there is none, and nothing is allocated.
/// </summary>
public static class MetadataTracing
{
    /// <summary>The source's name.</summary>
    public const string SourceName = "Berth.Metadata";

    private const string Suffix = "Async";
    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Begins the span of an operation; null where nobody listens, and outside of anything that is traced.</summary>
    /// <param name="system">The database's name in those conventions.</param>
    /// <param name="operation">The method that does it.</param>
    internal static Activity? Start(string system, string operation)
    {
        // Work of the background that has no span of its own would make a trace of each of its looks at the database.
        if (!Source.HasListeners() || Activity.Current is null) return null;
        var name = operation.EndsWith(Suffix, StringComparison.Ordinal) ? operation[..^Suffix.Length] : operation;
        return Source.StartActivity(name, ActivityKind.Client)?.SetTag("db.system.name", system).SetTag("db.operation.name", name);
    }

    /// <summary>The span of the operation that is under way here; null where there is none.</summary>
    internal static Activity? Current => Source.HasListeners() && Activity.Current is { } span && span.Source == Source ? span : null;

    /// <summary>Marks a span as failed; never handles the failure.</summary>
    internal static bool Failed(Activity? span, Exception failure)
    {
        span?.SetStatus(ActivityStatusCode.Error).SetTag("error.type", failure.GetType().FullName);
        return false;
    }
}

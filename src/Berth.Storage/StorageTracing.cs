using System.Diagnostics;

namespace Berth.Storage;

/// <summary>
/// The spans of the blob store, inside a request or a round that is traced: <c>storage.append</c> (a location is opened for writing), <c>storage.sync</c>,
/// <c>storage.open</c> and <c>storage.delete</c>. Where nobody listens there is none, and nothing is allocated.
/// </summary>
public static class StorageTracing
{
    /// <summary>The source's name.</summary>
    public const string SourceName = "Berth.Storage";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Begins a span; null where nobody listens, and outside of anything that is traced.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="location">The location.</param>
    internal static Activity? Start(string name, string location) =>
        Source.HasListeners() && Activity.Current is not null ? Source.StartActivity(name)?.SetTag("berth.storage.location", location) : null;

    /// <summary>Marks a span as failed; never handles the failure.</summary>
    internal static bool Failed(Activity? span, Exception failure)
    {
        span?.SetStatus(ActivityStatusCode.Error).SetTag("error.type", failure.GetType().FullName);
        return false;
    }
}

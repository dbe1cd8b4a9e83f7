using System.Diagnostics;

namespace Berth.Registry;

/// <summary>
/// The spans of the features: <c>authenticate</c> and <c>authorize</c> inside a request, and one for each round of the work in the background. Where nobody
/// listens there is none, and nothing is allocated.
/// </summary>
public static class RegistryTracing
{
    /// <summary>The source's name.</summary>
    public const string SourceName = "Berth.Registry";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Whether somebody listens.</summary>
    internal static bool IsOn => Source.HasListeners();

    /// <summary>Begins a span inside what is traced; null where nobody listens.</summary>
    internal static Activity? Start(string name) => Source.HasListeners() && Activity.Current is not null ? Source.StartActivity(name) : null;

    /// <summary>Begins a trace of its own for a round of work in the background; null where nobody listens.</summary>
    internal static Activity? StartRound(string name) =>
        Source.HasListeners() ? Source.StartActivity(name, ActivityKind.Internal, parentContext: default(ActivityContext)) : null;

    /// <summary>Marks a span as failed; never handles the failure.</summary>
    internal static bool Failed(Activity? span, Exception failure)
    {
        span?.SetStatus(ActivityStatusCode.Error).SetTag("error.type", failure.GetType().FullName);
        return false;
    }
}

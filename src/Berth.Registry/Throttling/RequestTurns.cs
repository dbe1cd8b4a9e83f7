using Berth.Metadata;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Throttling;

/// <summary>
/// Gives requests their turn to be worked on, the registries in fair shares. A turn lasts from when it is known who asks, and the body has come that the route reads, until the
/// answer begins: whoever is slow to send or to receive holds nobody up.
/// </summary>
internal sealed class RequestTurns(AdmissionOptions options, ThrottleMetrics metrics, TimeProvider time)
{
    // Where the host does not say what its stores are.
    private const int Most = 256;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly FairPlaces _reads = metrics.Watch("read", new FairPlaces(options.Reads > 0 ? options.Reads : Most, time));
    private readonly FairPlaces _writes = metrics.Watch("write", new FairPlaces(options.Writes, time));

    /// <summary>Waits for the request's turn, which ends by itself.</summary>
    /// <exception cref="OciException">503: it did not come.</exception>
    public async ValueTask TakeAsync(HttpContext context, RegistryRecord registry)
    {
        var isRead = LimitClasses.OfData(context.Request.Method) == LimitClass.Read;
        var places = isRead ? _reads : _writes;
        if (!await places.TakeAsync(registry.Id, options.Patience, context.RequestAborted))
        {
            metrics.Kept(isRead ? "read" : "write", registry.Name);
            throw new OciException(OciErrorCode.Unavailable, $"Too many requests to the registry '{registry.Name}' wait for their turn; try again in a second.") { RetryAfter = RetryAfter };
        }

        var turn = new Turn(places, registry.Id);
        context.Response.OnStarting(static turn => ((Turn)turn).EndAsync(), turn);
        context.Response.OnCompleted(static turn => ((Turn)turn).EndAsync(), turn);
    }

    /// <summary>Puts the request's turn off until its body has come: whoever reads that calls <see cref="TakePostponedAsync"/> then.</summary>
    public void Postpone(HttpContext context, RegistryRecord registry) => context.Features.Set(new PostponedTurn(this, registry));

    /// <summary>Waits for the turn that was put off; at once where none was.</summary>
    /// <exception cref="OciException">503: it did not come.</exception>
    public static ValueTask TakePostponedAsync(HttpContext context)
    {
        if (context.Features.Get<PostponedTurn>() is not { } postponed) return ValueTask.CompletedTask;
        context.Features.Set<PostponedTurn>(null);
        return postponed.Turns.TakeAsync(context, postponed.Registry);
    }

    private sealed record PostponedTurn(RequestTurns Turns, RegistryRecord Registry);

    private sealed class Turn(FairPlaces places, long registryId)
    {
        private int _ended;

        public Task EndAsync()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0) places.GiveBack(registryId);
            return Task.CompletedTask;
        }
    }
}

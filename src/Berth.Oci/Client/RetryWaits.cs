using System.Net;

namespace Berth.Oci.Client;

/// <summary>
/// How a client waits when a server asks it to: with 429 or 503 and <c>Retry-After</c> (RFC 9110, 10.2.3). A little more than that, by chance, so that many who were refused at one moment do not come
/// back at one moment; and no longer than a limit in all, so that a server cannot hold its clients for as long as it likes.
/// </summary>
public sealed record RetryWaits
{
    // What chance adds, at the most: a fifth of the wait, and two seconds.
    private const double Spread = 0.2;
    private static readonly TimeSpan LongestSpread = TimeSpan.FromSeconds(2);

    /// <summary>No waiting: the refusal is the answer.</summary>
    public static RetryWaits None { get; } = new() { Limit = TimeSpan.Zero };

    /// <summary>How long all the waits of one request may last together. Default a minute, which is what an emptied limit takes to fill again.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Hears of each wait before it begins: the host, its status, and how long it is going to be.</summary>
    public Action<string, HttpStatusCode, TimeSpan>? Waiting { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Sends a request, again after each wait; the answer is the last one.</summary>
    /// <param name="send">Sends it; is called once for each try.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<HttpResponseMessage> SendAsync(Func<Task<HttpResponseMessage>> send, CancellationToken cancellationToken)
    {
        var left = Limit;
        while (true)
        {
            var response = await send();
            if (WaitOf(response, Time) is not { } asked || asked > left) return response;
            var wait = WithSpread(asked, left);
            left -= wait;
            Waiting?.Invoke(response.RequestMessage?.RequestUri?.Authority ?? "The server", response.StatusCode, wait);
            response.Dispose();
            await Task.Delay(wait, Time, cancellationToken);
        }
    }

    /// <summary>A wait with what chance adds to it, within a limit.</summary>
    internal static TimeSpan WithSpread(TimeSpan wait, TimeSpan limit)
    {
        var spread = wait * Spread < LongestSpread ? wait * Spread : LongestSpread;
        var spreadOut = wait + (spread * Random.Shared.NextDouble());
        return spreadOut < limit ? spreadOut : limit;
    }

    /// <summary>How long an answer asks the client to wait; null when it does not.</summary>
    internal static TimeSpan? WaitOf(HttpResponseMessage response, TimeProvider time)
    {
        if (response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)) return null;
        var wait = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - time.GetUtcNow(),
            _ => (TimeSpan?)null,
        };

        // "At once" would be a storm.
        return wait is null ? null : wait > TimeSpan.FromSeconds(1) ? wait : TimeSpan.FromSeconds(1);
    }
}

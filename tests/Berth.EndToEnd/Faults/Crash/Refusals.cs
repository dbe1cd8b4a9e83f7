using System.Net;
using Berth.Testing;

namespace Berth.EndToEnd.Faults.Crash;

/// <summary>
/// What clients bear while something fails: 503 that says when to come again, a body that breaks off, and, where they talk to nodes that are killed, connections that break. Nothing else.
/// </summary>
internal sealed class Refusals(bool connectionsMayBreak)
{
    private int _count;

    /// <summary>How often something was borne.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Whether a failure is one that leaves open what became of a request, and is no fault.</summary>
    public bool Bears(Exception error)
    {
        if (error is UnavailableException refused) Assert.True(refused.SaysWhen, $"A 503 does not say when to come again.\n{refused.Message}");
        else if (error is not HttpRequestException { StatusCode: HttpStatusCode.OK } && !(connectionsMayBreak && error is HttpRequestException or IOException)) return false;
        Interlocked.Increment(ref _count);
        return true;
    }

    /// <summary>A client's pause before it goes on.</summary>
    public static Task RestAsync() => Task.Delay(Random.Shared.Next(20, 120));
}

namespace Berth.Bench.Load;

/// <summary>What the clients of a load ask for, one operation after another; called from one thread.</summary>
internal abstract class Workload
{
    /// <summary>The first request of the client's next operation; empty when there is none left.</summary>
    public abstract ReadOnlyMemory<byte> Begin(Client client);

    /// <summary>Checks a response; returns the operation's next request, or empty when the operation is done.</summary>
    /// <exception cref="BenchException">It is not the answer that the load expects.</exception>
    public abstract ReadOnlyMemory<byte> Continue(Client client);

    /// <summary>Whether requests are HEADs, whose answers have no body.</summary>
    public virtual bool IsHead => false;

    /// <summary>The failure for an answer that has another status or length than it should.</summary>
    protected static BenchException Unexpected(ResponseReader response) =>
        new($"unexpected answer {response.Status} with {response.BodyLength} bytes: {response.Excerpt}");
}

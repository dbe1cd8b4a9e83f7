using System.Net;

namespace Berth.Bench.Load;

/// <summary>A blocking connection for large transfers; 60 s without a byte end it with an error.</summary>
internal abstract class Wire : IDisposable
{
    private static readonly TimeSpan StallLimit = TimeSpan.FromSeconds(60);

    protected Wire(IPEndPoint target)
    {
        Descriptor = Native.Connect(target);
        Native.SetReceiveTimeout(Descriptor, StallLimit);
    }

    protected int Descriptor { get; }

    /// <summary>Bytes received; 0 at the end.</summary>
    public abstract int Receive(Span<byte> buffer);

    /// <summary>Sends all bytes.</summary>
    public abstract void Send(ReadOnlySpan<byte> bytes);

    public static Wire Open(IPEndPoint target, bool tls) => tls ? new TlsWire(target) : new PlainWire(target);

    /// <summary>Receives one whole response.</summary>
    public void ReceiveResponse(ResponseReader response)
    {
        response.Expect(toHead: false);
        int received;
        do
        {
            received = Receive(response.Space);
            if (received == 0) throw new BenchException("the server closed a connection");
        }
        while (!response.Take(received));
    }

    public virtual void Dispose() => Native.Close(Descriptor);

    private sealed class PlainWire(IPEndPoint target) : Wire(target)
    {
        public override int Receive(Span<byte> buffer)
        {
            var received = Native.Receive(Descriptor, buffer);
            return received >= 0 ? received : throw new BenchException("the server stalled");
        }

        public override void Send(ReadOnlySpan<byte> bytes)
        {
            while (!bytes.IsEmpty) bytes = bytes[Native.Send(Descriptor, bytes)..];
        }
    }
}

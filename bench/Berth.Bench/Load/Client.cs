namespace Berth.Bench.Load;

/// <summary>One keep-alive connection of a load.</summary>
internal sealed class Client(int index, int descriptor)
{
    public int Index { get; } = index;

    public int Descriptor { get; } = descriptor;

    public ResponseReader Response { get; } = new();

    /// <summary>The request being sent.</summary>
    public ReadOnlyMemory<byte> Unsent { get; set; }

    /// <summary>When the operation began.</summary>
    public long StartedAt { get; set; }

    /// <summary>The operation's number, the workload's to use.</summary>
    public int Operation { get; set; }

    /// <summary>Where the workload formats its requests.</summary>
    public byte[] Scratch { get; } = new byte[16 * 1024];

    /// <summary>Whether the poll also waits for room to send.</summary>
    public bool WaitsForRoom { get; set; }
}

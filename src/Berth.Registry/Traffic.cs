using Microsoft.AspNetCore.Http;

namespace Berth.Registry;

/// <summary>How much clients are served: work that can wait goes by it.</summary>
public sealed class Traffic
{
    private const int BytesOfRequest = 64 * 1024;

    private long _requests;
    private long _bytes;
    private long _lackingRoom;

    /// <summary>What was served since the process began: each request to the data plane counts as one, and each 64 KiB of blobs that moved as another.</summary>
    public long Served => Volatile.Read(ref _requests) + (Volatile.Read(ref _bytes) / BytesOfRequest);

    /// <summary>How many requests were refused since the process began because a volume had no room for them (507). They are no part of what was served.</summary>
    public long LackingRoom => Volatile.Read(ref _lackingRoom);

    internal void Answered(int status) => Interlocked.Increment(ref (status == StatusCodes.Status507InsufficientStorage ? ref _lackingRoom : ref _requests));

    internal void Moved(long bytes) => Interlocked.Add(ref _bytes, bytes);
}

using System.ComponentModel.DataAnnotations;

namespace Berth.Registry.Throttling;

/// <summary>Settings of how much is worked on at once, shared fairly between the registries that ask for it.</summary>
public sealed record AdmissionOptions
{
    /// <summary>
    /// How many requests that read are worked on at once; others wait for their turn. 0 for as many as there are processors where all is kept on this machine, since a read
    /// keeps one busy then and more at once are no faster; and for 64 times that where it is waited for over a network. Default 0.
    /// </summary>
    [Range(0, 100_000)]
    public int Reads { get; init; }

    /// <summary>
    /// How many requests that change something are worked on at once; others wait for their turn. What is under way together shares one sync of the disk. Default 64.
    /// </summary>
    [Range(1, 100_000)]
    public int Writes { get; init; } = 64;

    /// <summary>
    /// How many requests that send a blob's bytes are received at once; others wait. Each holds what the server receives ahead (four blocks of Memory:BlockSize).
    /// 0 for as many as a quarter of the memory has room for. Default 0.
    /// </summary>
    [Range(0, 1_000_000)]
    public int Uploads { get; init; }

    /// <summary>How long a request waits for its turn before it is refused with 503, or 429 for uploads, and <c>Retry-After</c>. Default 10 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);
}

using System.Net;
using System.Text;

namespace Berth.Bench.Load;

/// <summary>Formats requests for one server. Both servers get the same headers, the credential included (the peer ignores it).</summary>
/// <param name="target">Where it listens.</param>
/// <param name="authorization">The Authorization header of all requests; null for none.</param>
/// <param name="host">The Host header, by which Berth knows its registries apart; the target when it is null.</param>
internal sealed class RequestWriter(IPEndPoint target, string? authorization, string? host = null)
{
    private readonly string _common = $"Host: {host ?? target.ToString()}\r\nUser-Agent: berth-bench\r\n" + (authorization is null ? "" : $"Authorization: {authorization}\r\n");

    public IPEndPoint Target { get; } = target;

    /// <summary>The Authorization header of all requests; null for none.</summary>
    public string? Authorization { get; } = authorization;

    /// <summary>A whole request header.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The request target.</param>
    /// <param name="headers">More header lines, each with its line end.</param>
    public byte[] Format(string method, string path, string headers = "") =>
        Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.1\r\n{_common}{headers}\r\n");

    /// <summary>The same into a buffer, with a body after it.</summary>
    public ReadOnlyMemory<byte> Format(byte[] buffer, string method, string path, string headers, ReadOnlySpan<byte> body)
    {
        var length = Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.1\r\n{_common}{headers}Content-Length: {body.Length}\r\n\r\n", buffer);
        body.CopyTo(buffer.AsSpan(length));
        return buffer.AsMemory(0, length + body.Length);
    }

    /// <summary>The target of the PUT that finishes an upload, from the Location of its POST.</summary>
    public static string FinishTarget(ReadOnlySpan<byte> location, string digest)
    {
        var text = Encoding.ASCII.GetString(location);
        if (text.StartsWith("http", StringComparison.Ordinal)) text = new Uri(text).PathAndQuery;
        if (text.Length == 0) throw new BenchException("an upload was opened without Location");
        return text + (text.Contains('?') ? "&" : "?") + "digest=" + digest;
    }
}

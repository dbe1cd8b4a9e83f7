using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;
using Berth.Metadata;

namespace Berth.Registry.Identity;

/// <summary>
/// What is kept of those who pull without credentials: little that they can choose, so that whoever invents programs and addresses does not push out
/// others.
/// </summary>
internal static class Strangers
{
    // What the user agents of programs that pull images begin with.
    private static readonly FrozenSet<string> Programs = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "docker", "containerd", "cri-o", "podman", "containers", "buildah", "skopeo", "buildkit", "kaniko", "nerdctl", "helm", "oras", "oras-go", "cosign", "notation",
        "go-containerregistry", "crane", "regclient", "regctl", "flux", "trivy", "curl", "berth");

    /// <summary>The program that a user agent names, without versions; <see cref="IConsumers.Others"/> for one that is not known, empty for none.</summary>
    public static string ProgramOf(string? userAgent)
    {
        if (string.IsNullOrEmpty(userAgent)) return "";
        var end = userAgent.AsSpan().IndexOfAny("/ (");
        var name = end < 0 ? userAgent : userAgent[..end];
        return Programs.TryGetValue(name, out var known) ? known : IConsumers.Others;
    }

    /// <summary>The address; of an IPv6 address the first half, since one machine has as many as it likes in the other.</summary>
    public static string AddressOf(string address)
    {
        if (!IPAddress.TryParse(address, out var parsed) || parsed.AddressFamily != AddressFamily.InterNetworkV6 || parsed.IsIPv4MappedToIPv6) return address;
        Span<byte> bytes = stackalloc byte[16];
        parsed.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return $"{new IPAddress(bytes)}/64";
    }
}

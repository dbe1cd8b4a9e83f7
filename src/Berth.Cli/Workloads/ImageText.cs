using Berth.Oci;

namespace Berth.Cli.Workloads;

/// <summary>An image as a cluster or a container engine writes it: <c>host/repository[:tag][@digest]</c>.</summary>
/// <param name="Text">As it was written.</param>
/// <param name="Host">The registry's host; null for a bare digest, empty for a name without one, which engines look for elsewhere.</param>
/// <param name="Repository">The repository; null for a bare digest, or a name that is none here.</param>
/// <param name="Digest">The digest; default without one.</param>
internal sealed record ImageText(string Text, string? Host, RepositoryName? Repository, Digest Digest)
{
    // Docker's shim says how an image was got.
    private static readonly string[] Schemes = ["docker-pullable://", "docker://"];

    /// <summary>Reads an image; null for what is none, such as an engine's own id of it.</summary>
    public static ImageText? Parse(string text)
    {
        var name = text.Trim();
        foreach (var scheme in Schemes)
        {
            if (name.StartsWith(scheme, StringComparison.Ordinal)) name = name[scheme.Length..];
        }

        if (Digest.TryParse(name, out var digest)) return null;
        var at = name.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0)
        {
            if (!Digest.TryParse(name.AsSpan(at + 1), out digest)) return null;
            name = name[..at];
        }

        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var host = slash > 0 && IsHost(name[..slash]) ? name[..slash] : "";
        var path = host.Length > 0 ? name[(slash + 1)..] : name;
        var colon = path.LastIndexOf(':');
        if (colon > path.LastIndexOf('/')) path = path[..colon];
        return RepositoryName.TryParse(path, out var repository) ? new ImageText(text, host, repository, digest) : null;
    }

    /// <summary>A digest that somebody wrote down by itself.</summary>
    public static ImageText OfDigest(Digest digest) => new(digest.ToString(), null, null, digest);

    private static bool IsHost(string part) => part == "localhost" || part.Contains('.', StringComparison.Ordinal) || part.Contains(':', StringComparison.Ordinal);
}

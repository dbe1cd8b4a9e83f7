using Berth.Oci;

namespace Berth.Registry.Lifecycle.Quarantines;

/// <summary>What a path of quarantine names, read once at the door.</summary>
/// <param name="Kind">The kind of thing.</param>
/// <param name="Digest">The manifest; default for anything else.</param>
/// <param name="Repository">The repository; default for anything else.</param>
internal readonly record struct QuarantineTarget(QuarantineKind Kind, Digest Digest = default, RepositoryName Repository = default)
{
    private const string Digests = "/digests";
    private const string Repositories = "/repositories";

    /// <summary>Reads what stands behind the root; <see cref="QuarantineKind.None"/> for anything that names nothing.</summary>
    public static QuarantineTarget Parse(string path)
    {
        if (path is Digests) return new(QuarantineKind.Digests);
        if (path is Repositories) return new(QuarantineKind.Repositories);
        if (path.StartsWith(Digests + "/", StringComparison.Ordinal))
            return Digest.TryParse(path.AsSpan(Digests.Length + 1), out var digest) ? new(QuarantineKind.Digest, digest) : default;
        if (!path.StartsWith(Repositories + "/", StringComparison.Ordinal)) return default;

        // A client may send the slashes of a name encoded.
        var name = path[(Repositories.Length + 1)..].Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        return RepositoryName.TryParse(name, out var repository) ? new(QuarantineKind.Repository, default, repository) : default;
    }
}

using Berth.Oci;

namespace Berth.Registry.Artifacts;

/// <summary>What a path under <c>/acr/v1</c> names, read once at the door.</summary>
/// <param name="Kind">The kind of thing.</param>
/// <param name="Repository">The repository; default for the catalog.</param>
/// <param name="Reference">The one tag or manifest; default for anything else.</param>
internal readonly record struct ArtifactTarget(ArtifactKind Kind, RepositoryName Repository = default, Reference Reference = default)
{
    private const string Tags = "/_tags";
    private const string Manifests = "/_manifests";
    private const string Deleted = "_deleted/";

    /// <summary>
    /// Reads what stands behind <c>/acr/v1/</c> in a path that is not <see cref="EncodedPath.IsEncodedTwice"/>; <see cref="ArtifactKind.None"/> for anything that names nothing.
    /// </summary>
    public static ArtifactTarget Parse(string path)
    {
        if (path == "_catalog") return new ArtifactTarget(ArtifactKind.Catalog);
        if (path.StartsWith(Deleted, StringComparison.Ordinal)) return OfDeleted(path[Deleted.Length..]);

        // A client may send the slashes of a name encoded. No part of a name begins with the underscore.
        var text = path.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        if (TryCut(text, Tags, out var name, out var tag))
        {
            if (tag is null) return Of(ArtifactKind.Tags, name);
            return Tag.TryParse(tag, out var parsed) ? Of(ArtifactKind.Tag, name, Reference.To(parsed)) : default;
        }

        if (TryCut(text, Manifests, out name, out var digest))
        {
            if (digest is null) return Of(ArtifactKind.Manifests, name);
            return Digest.TryParse(digest, out var parsed) ? Of(ArtifactKind.Manifest, name, Reference.To(parsed)) : default;
        }

        return Of(ArtifactKind.Repository, text);
    }

    private static ArtifactTarget OfDeleted(string path)
    {
        if (path == "_catalog") return new ArtifactTarget(ArtifactKind.DeletedCatalog);
        var target = Parse(path);
        return target.Kind switch
        {
            ArtifactKind.Tags => target with { Kind = ArtifactKind.DeletedTags },
            ArtifactKind.Manifests => target with { Kind = ArtifactKind.DeletedManifests },
            ArtifactKind.Manifest => target with { Kind = ArtifactKind.DeletedManifest },
            _ => default,
        };
    }

    /// <summary>Finds the word that parts a repository's name from what is in it; nothing follows it for the list.</summary>
    private static bool TryCut(string text, string word, out string name, out string? rest)
    {
        rest = null;
        name = text.EndsWith(word, StringComparison.Ordinal) ? text[..^word.Length] : "";
        if (name.Length > 0) return true;

        var at = text.IndexOf(word + "/", StringComparison.Ordinal);
        if (at <= 0) return false;
        (name, rest) = (text[..at], text[(at + word.Length + 1)..]);
        return true;
    }

    private static ArtifactTarget Of(ArtifactKind kind, string name, Reference reference = default) =>
        RepositoryName.TryParse(name, out var repository) ? new ArtifactTarget(kind, repository, reference) : default;
}

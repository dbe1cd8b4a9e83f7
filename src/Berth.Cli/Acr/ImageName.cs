using System.CommandLine;
using Berth.Oci;

namespace Berth.Cli.Acr;

/// <summary>An image of a registry: <c>repository:tag</c>, <c>repository@digest</c>, or a repository whose tag <c>latest</c> is meant.</summary>
/// <param name="Repository">The repository.</param>
/// <param name="Reference">The tag or digest.</param>
internal readonly record struct ImageName(RepositoryName Repository, Reference Reference)
{
    /// <summary>Reads it.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static ImageName Parse(string text)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var (name, reference) = at > 0 ? (text[..at], text[(at + 1)..]) : colon > 0 ? (text[..colon], text[(colon + 1)..]) : (text, "latest");
        return RepositoryName.TryParse(name, out var repository) && Reference.TryParse(reference, out var found) && found.IsDigest == at > 0
            ? new ImageName(repository, found)
            : throw new ArgumentException($"'{text}' is no image; write repository:tag or repository@sha256:….");
    }

    /// <summary>The repository that an option names.</summary>
    /// <exception cref="ArgumentException">It is no repository's name.</exception>
    public static RepositoryName RepositoryIn(ParseResult parsed, Option<string> option) => ParseRepository(parsed.GetValue(option)!);

    /// <summary>What one of two options names: a repository, or an image.</summary>
    /// <exception cref="ArgumentException">Not exactly one of them is given, or it cannot be read.</exception>
    public static (RepositoryName Repository, Reference? Reference) EitherIn(ParseResult parsed, Option<string?> repository, Option<string?> image) =>
        (parsed.GetValue(repository), parsed.GetValue(image)) switch
        {
            ({ } name, null) => (ParseRepository(name), null),
            (null, { } text) => Parse(text) is var found ? (found.Repository, found.Reference) : default,
            _ => throw new ArgumentException("Give --repository or --image, one of them."),
        };

    /// <summary>What one of two options names, or null when neither is given.</summary>
    /// <exception cref="ArgumentException">Both are given, or it cannot be read.</exception>
    public static (RepositoryName Repository, Reference? Reference)? OptionalIn(ParseResult parsed, Option<string?> repository, Option<string?> image) =>
        parsed.GetValue(repository) is null && parsed.GetValue(image) is null ? null : EitherIn(parsed, repository, image);

    /// <inheritdoc/>
    public override string ToString() => $"{Repository}{(Reference.IsDigest ? '@' : ':')}{Reference}";

    private static RepositoryName ParseRepository(string text) =>
        RepositoryName.TryParse(text, out var name) ? name : throw new ArgumentException($"'{text}' is not a repository name.");
}

using System.Diagnostics;
using Berth.Registry.ApiReference;

namespace Berth.Registry.Artifacts;

/// <summary>What the API's document says of the metadata API's routes.</summary>
internal static class ArtifactDescription
{
    private static readonly ApiParameter[] Page =
        [new("n", "The most entries of the page, 1,000 at most.", Type: "integer"), new("last", "The entry that the page goes on after.")];

    private static readonly ApiParameter[] TimedPage =
    [
        .. Page, new("orderby", "none for by name, timedesc or timeasc for by time."), new("lasttime", "That entry's time, as a Link header carries it.", Type: "integer"),
    ];

    // What each route does and answers, and what it takes; a route that is not here is described by its name.
    private static readonly Dictionary<string, Note> Notes = new(StringComparer.Ordinal)
    {
        ["artifacts.catalog"] = new("Lists the repositories that the caller may see, by name.", "Catalog") { Parameters = Page },
        ["artifacts.repository.show"] = new("Shows a repository.", "Repository"),
        ["artifacts.repository.update"] = new("Locks or unlocks a repository, or changes what is said of it.", "Repository") { Body = "RepositoryChanges" },
        ["artifacts.repository.delete"] = new("Deletes a repository with all that it holds.", "DeletedRepository") { Status = 202 },
        ["artifacts.tags"] = new("Lists a repository's tags.", "RepositoryTags") { Parameters = [.. TimedPage, new("digest", "Leaves only the tags of this manifest.")] },
        ["artifacts.tag.show"] = new("Shows a tag.", "RepositoryTag"),
        ["artifacts.tag.update"] = new("Locks or unlocks a tag.", "RepositoryTag") { Body = "ChangeableAttributes" },
        ["artifacts.tag.delete"] = new("Removes a tag; its manifest stays.", null) { Status = 202 },
        ["artifacts.manifests"] = new("Lists a repository's manifests.", "RepositoryManifests") { Parameters = TimedPage },
        ["artifacts.manifest.show"] = new("Shows a manifest.", "RepositoryManifest"),
        ["artifacts.manifest.update"] = new("Locks or unlocks a manifest, or says what a scanner found.", "RepositoryManifest") { Body = "ManifestFlags" },
        ["artifacts.deleted.catalog"] = new("Lists the repositories with deleted content that the caller may see, by name.", "DeletedRepositories") { Parameters = Page },
        ["artifacts.deleted.tags"] = new("Lists a repository's deleted tags.", "DeletedTags")
        {
            Parameters = [.. Page, new("lasttime", "That entry's number, as a Link header carries it.", Type: "integer")],
        },
        ["artifacts.deleted.manifests"] = new("Lists a repository's deleted manifests.", "DeletedManifests") { Parameters = Page },
        ["artifacts.deleted.restore"] = new("Brings a deleted manifest back, with what it lists and what was deleted with it.", "RestoredManifest")
        {
            Body = "Restoration",
            IsBodyRequired = false,
            Parameters = [new("force", "Whether a tag that names another manifest by now is taken from it.", Type: "boolean")],
        },
        ["artifacts.deleted.purge"] = new("Deletes a deleted manifest for good, before its time.", null) { Status = 202 },
    };

    /// <summary>The calls.</summary>
    public static IEnumerable<ApiCall> Calls => ArtifactRoute.All.Select(Describe);

    private static ApiCall Describe(ArtifactRoute route)
    {
        var note = Notes.GetValueOrDefault(route.Name) ?? new Note($"See the reference of the metadata API ({route.Name}).", null);
        return new ApiCall(route.Name, route.Method, PathOf(route.Kind), ApiPart.Artifacts, note.Summary)
        {
            Right = route.Action is { } action ? $"repository {action}" : $"registry {route.RegistryAction}",
            Parameters = note.Parameters,
            Body = note.Body is { } body ? new ApiContent(body, IsRequired: note.IsBodyRequired) : null,
            Answers = [new ApiAnswer(note.Status, note.Answer is { } answer ? new ApiContent(answer) : null, note.Parameters.Contains(Page[0]) ? ["Link"] : [])],
            Errors = route.Method == "GET" ? [] : [409],
        };
    }

    internal static string PathOf(ArtifactKind kind) => ArtifactEndpoints.Prefix + kind switch
    {
        ArtifactKind.Catalog => "_catalog",
        ArtifactKind.Repository => "{name}",
        ArtifactKind.Tags => "{name}/_tags",
        ArtifactKind.Tag => "{name}/_tags/{tag}",
        ArtifactKind.Manifests => "{name}/_manifests",
        ArtifactKind.Manifest => "{name}/_manifests/{digest}",
        ArtifactKind.DeletedCatalog => "_deleted/_catalog",
        ArtifactKind.DeletedTags => "_deleted/{name}/_tags",
        ArtifactKind.DeletedManifests => "_deleted/{name}/_manifests",
        ArtifactKind.DeletedManifest => "_deleted/{name}/_manifests/{digest}",
        _ => throw new UnreachableException(kind.ToString()),
    };

    /// <summary>What a route does.</summary>
    /// <param name="Summary">The sentence.</param>
    /// <param name="Answer">The schema of its answer; null for none.</param>
    private sealed record Note(string Summary, string? Answer)
    {
        /// <summary>The schema of its body; null for none.</summary>
        public string? Body { get; init; }

        /// <summary>Whether a request without a body is refused.</summary>
        public bool IsBodyRequired { get; init; } = true;

        /// <summary>The status of what was done.</summary>
        public int Status { get; init; } = 200;

        /// <summary>What the query may say.</summary>
        public ApiParameter[] Parameters { get; init; } = [];
    }
}

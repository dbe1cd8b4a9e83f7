using System.Text.RegularExpressions;

namespace Berth.Testing;

/// <summary>The scopes for which a client asks a token before it sends a request: the least that the request needs.</summary>
public static partial class RequestScopes
{
    private const int LongestName = 255;
    private const string Deleted = "_deleted/";

    /// <summary>
    /// The scopes; none where a token without anything is enough, as for a path under <c>/v2/</c> at which nothing is served; null where no token of a
    /// registry reaches.
    /// </summary>
    public static IReadOnlyList<string>? Of(string method, string target)
    {
        var (path, query) = Split(target);
        return path switch
        {
            "/v2/_uploads" => null,
            "/v2/_catalog" or "/acr/v1/_catalog" => ["registry:catalog:*"],
            "/acr/v1/_deleted/_catalog" => ["registry:deleted_catalog:*"],
            "/v2" => [],
            "/berth/v1/workloads" => ["registry:workloads:*"],
            _ when path.StartsWith("/berth/v1/workloads/", StringComparison.Ordinal) => ["registry:workloads:*"],
            _ when path.StartsWith("/berth/v1/quarantine", StringComparison.Ordinal) => ["registry:quarantine:*"],
            _ when path.StartsWith("/berth/v1/tag-rules", StringComparison.Ordinal) => ["registry:tag_rules:*"],
            _ when path.StartsWith("/berth/v1/usage", StringComparison.Ordinal) => ["registry:usage:*"],
            _ when path.StartsWith("/berth/v1/quotas", StringComparison.Ordinal) => [method == "GET" ? "registry:usage:*" : "registry:quotas:*"],
            _ when path.StartsWith("/berth/v1/lifecycle/", StringComparison.Ordinal) => [method == "GET" ? "registry:lifecycle:*" : "registry:lifecycle_write:*"],
            _ when path.StartsWith("/v2/", StringComparison.Ordinal) => OfDistribution(method, path, query),
            _ when path.StartsWith("/acr/v1/", StringComparison.Ordinal) => OfArtifacts(method, path["/acr/v1/".Length..]),
            _ => null,
        };
    }

    private static string[] OfDistribution(string method, string path, string query)
    {
        if (Tags().Match(path) is { Success: true } tags) return Repository(tags.Groups[1].Value, "pull,metadata_read");
        if (Uploads().Match(path) is { Success: true } uploads)
            return [.. Repository(uploads.Groups[1].Value, "pull,push"), .. From().Match(query) is { Success: true } from ? Repository(Uri.UnescapeDataString(from.Groups[1].Value), "pull") : []];
        if (Content().Match(path) is not { Success: true } content) return [];
        return Repository(content.Groups[1].Value, method switch { "PUT" => "pull,push", "DELETE" => "delete", _ => "pull" });
    }

    private static string[] OfArtifacts(string method, string path)
    {
        var name = path.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        var isDeleted = name.StartsWith(Deleted, StringComparison.Ordinal);
        if (isDeleted) name = name[Deleted.Length..];

        // No part of a name begins with the underscore: what does is a list, or something in one.
        var list = name.IndexOf("/_", StringComparison.Ordinal);
        if (list > 0) name = name[..list];
        return Repository(name, method switch
        {
            "PATCH" => "metadata_write,metadata_read",
            "DELETE" => "delete",
            "POST" when isDeleted => "deleted_read,deleted_restore",
            _ => isDeleted ? "deleted_read" : "metadata_read",
        });
    }

    // What is no name cannot be asked for, and is refused for that alone.
    private static string[] Repository(string written, string actions)
    {
        var name = written.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        return name.Length <= LongestName && Name().IsMatch(name) ? [$"repository:{name}:{actions}"] : [];
    }

    private static (string Path, string Query) Split(string target)
    {
        var absolute = target.StartsWith('/') ? -1 : target.IndexOf("://", StringComparison.Ordinal);
        var start = absolute < 0 ? 0 : Math.Max(target.IndexOf('/', absolute + 3), 0);
        var query = target.IndexOf('?', StringComparison.Ordinal);
        return query < 0 ? (target[start..], "") : (target[Math.Min(start, query)..query], target[(query + 1)..]);
    }

    [GeneratedRegex("^/v2/(.+)/tags/list$")]
    private static partial Regex Tags();

    [GeneratedRegex("^/v2/(.+)/blobs/uploads(?:/[^/]*)?$")]
    private static partial Regex Uploads();

    [GeneratedRegex("^/v2/(.+)/(?:manifests|blobs|referrers)/[^/]+$")]
    private static partial Regex Content();

    [GeneratedRegex("(?:^|&)from=([^&]+)")]
    private static partial Regex From();

    [GeneratedRegex(@"^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*\z")]
    private static partial Regex Name();
}

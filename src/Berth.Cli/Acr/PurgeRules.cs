using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Acr;

/// <summary>What the flags of <c>acr purge</c> mean: rules of the server's engine.</summary>
internal static class PurgeRules
{
    /// <summary>The rules.</summary>
    /// <param name="filters">Each two regular expressions with a colon between them: of whole names of repositories, and of parts of tags.</param>
    /// <param name="ago">How old something must be.</param>
    /// <param name="keep">Of what would be removed in a repository, so many of the newest tags stay.</param>
    /// <param name="untagged">Whether manifests go, too, that no tag names then.</param>
    /// <param name="untaggedOnly">Whether only those go.</param>
    /// <exception cref="ArgumentException">A flag is missing, or says nothing.</exception>
    public static IReadOnlyCollection<JsonElement> Of(IReadOnlyList<string> filters, string? ago, int keep, bool untagged, bool untaggedOnly)
    {
        if (keep < 0) throw new ArgumentException("--keep must not be negative.");
        if (ago is null && !untaggedOnly) throw new ArgumentException("Give --ago, such as 30d.");
        if (filters.Count == 0 && !untaggedOnly) throw new ArgumentException("Give --filter 'repository:tag', both regular expressions.");

        // As acr purge does: filters of one repository are one.
        var rules = new List<JsonElement>();
        foreach (var repository in filters.Select(text => Parse(text, untaggedOnly)).DefaultIfEmpty((Repository: ".*", Tag: "")).GroupBy(filter => filter.Repository, filter => filter.Tag))
        {
            if (!untaggedOnly)
            {
                rules.Add(Make($"purge-{rules.Count + 1}", repository.Key, untagged ? "delete" : "untag", json =>
                {
                    json.WriteString("tagRegex"u8, string.Join('|', repository.Select(tag => $"(?:{tag})")));
                    json.WriteString("olderThan"u8, ago);
                    if (keep > 0) json.WriteNumber("spareNewest"u8, keep);
                }));
            }

            if (untagged || untaggedOnly) rules.Add(Make($"purge-{rules.Count + 1}-untagged", repository.Key, "delete", json => json.WriteString("untaggedFor"u8, ago ?? "0d")));
        }

        return rules;
    }

    private static JsonElement Make(string name, string repository, string action, Action<Utf8JsonWriter> write) => Json.Make(json =>
    {
        json.WriteString("name"u8, name);
        json.WriteString("repositoryRegex"u8, repository);
        write(json);
        json.WriteString("action"u8, action);
    });

    private static (string Repository, string Tag) Parse(string filter, bool untaggedOnly)
    {
        // The colon of a group such as (?:a|b) is part of the expression.
        var at = -1;
        do at = filter.IndexOf(':', at + 1);
        while (at > 0 && filter[at - 1] == '?');
        if (at < 0 && untaggedOnly && filter.Length > 0) return (filter, "");
        return at > 0 && (at < filter.Length - 1 || untaggedOnly)
            ? (filter[..at], filter[(at + 1)..])
            : throw new ArgumentException($"'{filter}' is no filter; write two regular expressions with a colon between them: 'team/app:^build-', or 'team/app:.*' for all tags.");
    }
}

using Berth.Registry.ApiReference;

namespace Berth.Registry.Lifecycle.Usage;

/// <summary>What the API's document says of usage and quotas.</summary>
internal static class UsageDescription
{
    private static readonly ApiParameter Count = new("n", "The most entries of the page, 1,000 at most.", Type: "integer");
    private static readonly ApiParameter Last = new("last", "The repository that the page goes on after.");

    // What each route does and answers; a route that is not here fails the tests.
    private static readonly Dictionary<string, Note> Notes = new(StringComparer.Ordinal)
    {
        ["usage.show"] = new("Shows what the registry holds, and its quota.", "RegistryUsage"),
        ["usage.history"] = new("Shows what the registry held on the last days.", "UsageHistory")
        {
            Parameters = [new("days", "How many days back, 1 to 400: 30 without it.", Type: "integer")],
        },
        ["usage.history.repository"] = new("Shows what a repository held on the last days.", "UsageHistory")
        {
            Parameters = [new("days", "How many days back, 1 to 400: 30 without it.", Type: "integer")],
        },
        ["usage.owners"] = new("Lists what the repositories of each owner hold together, the largest first.", "OwnerUsages")
        {
            Parameters = [new("top", "How many of the largest, 1,000 at most: 100 without it.", Type: "integer")],
        },
        ["usage.repositories"] = new("Lists the largest repositories, or all by name.", "RepositoryUsages")
        {
            Parameters = [new("orderby", "bytes, the largest first, or name."), new("top", "How many of the largest, 1,000 at most: 100 without it.", Type: "integer"), Count, Last],
        },
        ["usage.repository"] = new("Shows what a repository holds, and its quota.", "RepositoryUsage"),
        ["usage.image"] = new("Shows what images hold, and what their deletion would free.", "ImageUsage")
        {
            Parameters =
            [
                new("digest", "The manifest; may be there several times.", IsRequired: true),
                new("children", "Whether what an index lists counts with it, as far as nothing else names it: true without it.", Type: "boolean"),
            ],
        },
        ["usage.images"] = new("The same for as many as 1,000 images.", "ImageUsage") { Body = "ChosenImages" },
        ["quotas.show"] = new("Shows the registry's quota.", "Quota"),
        ["quotas.set"] = new("Sets the registry's quota.", "Quota") { Body = "QuotaLimits" },
        ["quotas.delete"] = new("Takes the registry's quota away.", null),
        ["quotas.repositories"] = new("Lists the repositories that have a quota, by name.", "Quotas") { Parameters = [Count, Last] },
        ["quotas.repository.show"] = new("Shows a repository's quota.", "Quota"),
        ["quotas.repository.set"] = new("Sets a repository's quota, also of one that holds nothing yet.", "Quota") { Body = "QuotaLimits" },
        ["quotas.repository.delete"] = new("Takes a repository's quota away.", null),
    };

    /// <summary>The calls.</summary>
    public static IEnumerable<ApiCall> Calls => UsageRoute.All.Select(Describe);

    private static ApiCall Describe(UsageRoute route)
    {
        var note = Notes[route.Name];
        return new ApiCall(route.Name, route.Method, route.Path, ApiPart.Usage, note.Summary)
        {
            Right = $"registry {route.Action}",
            Parameters = note.Parameters,
            Body = note.Body is { } body ? new ApiContent(body) : null,
            Answers = [note.Answer is { } answer ? new ApiAnswer(200, new ApiContent(answer), note.Parameters.Contains(Last) ? ["Link"] : []) : new ApiAnswer(204)],
        };
    }

    /// <summary>What a route does.</summary>
    /// <param name="Summary">The sentence.</param>
    /// <param name="Answer">The schema of its answer; null for none.</param>
    private sealed record Note(string Summary, string? Answer)
    {
        /// <summary>The schema of its body; null for none.</summary>
        public string? Body { get; init; }

        /// <summary>What the query may say.</summary>
        public ApiParameter[] Parameters { get; init; } = [];
    }
}

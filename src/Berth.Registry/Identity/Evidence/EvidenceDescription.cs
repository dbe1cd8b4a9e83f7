using Berth.Registry.ApiReference;

namespace Berth.Registry.Identity.Evidence;

/// <summary>What the API's document says of an auditor's questions.</summary>
internal static class EvidenceDescription
{
    private static readonly ApiParameter Hours = new("hours", "How far back, in hours: 24 without it.", Type: "integer");
    private static readonly ApiParameter Repository = new("repository", "Leaves only what is about this repository.");
    private static readonly ApiParameter Principal = new("principal", "Leaves only this account: its name, its client id or its object id.");
    private static readonly ApiParameter Token = new("$skiptoken", "Where the list goes on, as its nextLink says it.");

    /// <summary>The calls.</summary>
    /// <param name="routes">The questions.</param>
    /// <param name="prefix">What their paths begin with.</param>
    /// <param name="right">What the caller must be permitted to do.</param>
    public static IEnumerable<ApiCall> Of(IEnumerable<EvidenceRoute> routes, string prefix, string right) => routes.SelectMany(route =>
    {
        var (summary, schema, parameters) = Note(route.Question);
        var registry = new ApiCall($"evidence.{route.Question}", "GET", $"{prefix}registries/{{registry}}/access/{route.Question}", ApiPart.Evidence, $"{summary} of a registry.")
        {
            Right = right,
            Parameters = parameters,
            Answers = [new ApiAnswer(200, new ApiContent(schema))],
        };
        return route.About.HasFlag(EvidenceSubject.Installation)
            ? [registry, registry with { Name = $"{registry.Name}-of-installation", Path = $"{prefix}access/{route.Question}", Summary = $"{summary} of what belongs to no registry." }]
            : new[] { registry };
    });

    private static (string Summary, string Schema, ApiParameter[] Parameters) Note(string question) => question switch
    {
        "logins" => ("The sign-ins", "AccessEvents", [Hours]),
        "denials" => ("The refusals", "AccessEvents", [Hours]),
        "report" => ("Who may do what in the repositories, and by which way", "AccessReport", [Repository, Principal, Token]),
        "explain" => (
            "Why somebody may or may not do something in a repository", "AccessExplanation",
            [Repository with { Description = "The repository.", IsRequired = true }, Principal with { Description = "The account.", IsRequired = true }, new("action", "The right that is asked about, such as ContentRead.", IsRequired: true)]),
        "consumers" => ("Who pulled what lately", "Consumers", [Repository, Principal, new("digest", "Leaves only the pulls of this manifest."), new("since", "Leaves out what was last pulled before this time."), Token]),
        "credentials" => ("The accounts' credentials, and when each was last used,", "CredentialReport", [Principal, Token]),
        _ => ($"The answer to '{question}'", "AccessReport", [Token]),
    };
}

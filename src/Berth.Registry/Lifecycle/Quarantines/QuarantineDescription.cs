using System.Diagnostics;
using Berth.Registry.ApiReference;

namespace Berth.Registry.Lifecycle.Quarantines;

/// <summary>What the API's document says of quarantine.</summary>
internal static class QuarantineDescription
{
    private static readonly ApiParameter[] Page =
        [new("n", "The most entries of the page, 1,000 at most.", Type: "integer"), new("last", "The entry that the page goes on after.")];

    /// <summary>The calls.</summary>
    public static IEnumerable<ApiCall> Calls => QuarantineRoute.All.Select(route => Describe(route) with { Right = $"registry {route.Action}" });

    private static ApiCall Describe(QuarantineRoute route) => route.Name switch
    {
        "quarantine.digests" => List(route, "Lists the quarantined manifests.", "QuarantinedDigests"),
        "quarantine.digest.put" => Put(route, "Quarantines a manifest, whether or not it is there.", "QuarantinedDigest"),
        "quarantine.digest.delete" => Of(route, "Ends the quarantine of a manifest.", new ApiAnswer(204)),
        "quarantine.repositories" => List(route, "Lists the quarantined repositories.", "QuarantinedRepositories"),
        "quarantine.repository.put" => Put(route, "Quarantines a repository.", "QuarantinedRepository"),
        "quarantine.repository.delete" => Of(route, "Ends the quarantine of a repository.", new ApiAnswer(204)),
        _ => throw new UnreachableException(route.Name),
    };

    private static ApiCall List(QuarantineRoute route, string summary, string schema) => Of(route, summary, new ApiAnswer(200, new ApiContent(schema), "Link")) with { Parameters = Page };

    private static ApiCall Put(QuarantineRoute route, string summary, string schema) =>
        Of(route, summary, new ApiAnswer(200, new ApiContent(schema))) with { Body = new ApiContent("QuarantineSettings"), Errors = [413] };

    private static ApiCall Of(QuarantineRoute route, string summary, params ApiAnswer[] answers) =>
        new(route.Name, route.Method, route.Path, ApiPart.Protection, summary) { Answers = answers };
}

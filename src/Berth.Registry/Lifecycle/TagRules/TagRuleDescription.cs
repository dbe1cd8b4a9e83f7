using System.Diagnostics;
using Berth.Registry.ApiReference;

namespace Berth.Registry.Lifecycle.TagRules;

/// <summary>What the API's document says of the rules that make tags write-once.</summary>
internal static class TagRuleDescription
{
    /// <summary>The calls.</summary>
    public static IEnumerable<ApiCall> Calls => TagRuleRoute.All.Select(route => Describe(route) with { Right = $"registry {route.Action}" });

    private static ApiCall Describe(TagRuleRoute route) => route.Name switch
    {
        "tag-rules.list" => Of(route, "Lists the rules that make tags write-once, by name.", new ApiAnswer(200, new ApiContent("TagRules"))),
        "tag-rules.show" => Of(route, "Shows a rule that makes tags write-once.", new ApiAnswer(200, new ApiContent("TagRule"))),
        "tag-rules.put" => Of(
            route, "Makes or changes a rule that makes tags write-once.", new ApiAnswer(200, new ApiContent("TagRule")), new ApiAnswer(201, new ApiContent("TagRule"))) with
        {
            Body = new ApiContent("TagRuleSettings"),
            Errors = [409, 413],
        },
        "tag-rules.delete" => Of(route, "Deletes a rule that makes tags write-once; its tags may be moved and removed again.", new ApiAnswer(204)),
        _ => throw new UnreachableException(route.Name),
    };

    private static ApiCall Of(TagRuleRoute route, string summary, params ApiAnswer[] answers) =>
        new(route.Name, route.Method, route.Path, ApiPart.Protection, summary) { Answers = answers };
}

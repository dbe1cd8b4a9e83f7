using Berth.Registry.ApiReference;

namespace Berth.Registry.Lifecycle.Rules;

/// <summary>What the API's document says of the routes of lifecycle rules.</summary>
internal static class LifecycleDescription
{
    private static readonly ApiParameter[] Page =
        [new("n", "The most entries of the page, 200 at most.", Type: "integer"), new("last", "Where the page goes on, as the Link header of the one before says it.")];

    private static readonly ApiParameter[] Items = [.. Page, new("kept", "Whether what something keeps is listed, with the reason, instead of what goes.", Type: "boolean")];

    /// <summary>The calls.</summary>
    public static IEnumerable<ApiCall> Calls => LifecycleRoute.All.Select(Describe);

    private static ApiCall Describe(LifecycleRoute route)
    {
        var (summary, answer, parameters) = Note(route.Name);
        return new ApiCall(route.Name, route.Method, route.Path, ApiPart.Lifecycle, summary)
        {
            Right = $"registry {route.Action}",
            Parameters = parameters,
            Body = BodyOf(route.Name),
            Answers = [.. AnswersOf(route).Select(status => new ApiAnswer(status, answer is null ? null : new ApiContent(answer), parameters.Contains(Page[0]) ? ["Link"] : []))],
            Errors = route.Method == "GET" ? [] : [409, 413],
        };
    }

    private static ApiContent? BodyOf(string name) => name switch
    {
        "lifecycle.rule.save" => new ApiContent("LifecycleRule"),
        "lifecycle.preview.make" => new ApiContent("LifecyclePreviewRequest", IsRequired: false),
        "lifecycle.run.start" => new ApiContent("LifecycleRunRequest", IsRequired: false),
        _ => null,
    };

    private static int[] AnswersOf(LifecycleRoute route) => (route.Kind, route.Method) switch
    {
        (LifecycleTargetKind.Rule, "PUT") => [200, 201],
        (_, "DELETE") => [204],
        (_, "POST") => [201],
        _ => [200],
    };

    private static (string Summary, string? Answer, ApiParameter[] Parameters) Note(string name) => name switch
    {
        "lifecycle.rules" => ("Lists the registry's lifecycle rules, by name.", "LifecycleRules", []),
        "lifecycle.rule.show" => ("Shows a lifecycle rule.", "SavedLifecycleRule", []),
        "lifecycle.rule.save" => (
            "Makes or replaces a lifecycle rule; what it takes must have been looked at.", "SavedLifecycleRule",
            [new("preview", "The id of a preview of the rule as it is sent.", Type: "integer"), new("force", "Whether it is saved without a preview.", Type: "boolean")]),
        "lifecycle.rule.delete" => ("Deletes a lifecycle rule.", null, []),
        "lifecycle.previews" => ("Lists previews, the newest first.", "LifecyclePreviews", Page),
        "lifecycle.preview.make" => ("Finds out what rules would take, and what keeps what they would take.", "LifecyclePlan", []),
        "lifecycle.preview.show" => ("Shows a preview.", "LifecyclePlan", []),
        "lifecycle.preview.items" => ("Lists what a preview would take, or what something keeps.", "LifecycleItems", Items),
        "lifecycle.runs" => ("Lists runs, the newest first.", "LifecycleRuns", Page),
        "lifecycle.run.start" => ("Evaluates rules anew and does what they say, unless that differs too much from the preview.", "LifecyclePlan", []),
        "lifecycle.run.show" => ("Shows a run.", "LifecyclePlan", []),
        "lifecycle.run.items" => ("Lists what a run takes and what came of it, or what something keeps.", "LifecycleItems", Items),
        _ => ($"See {name}.", null, []),
    };
}

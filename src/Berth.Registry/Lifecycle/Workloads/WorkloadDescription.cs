using Berth.Registry.ApiReference;

namespace Berth.Registry.Lifecycle.Workloads;

/// <summary>What the API's document says of the routes of workloads.</summary>
internal static class WorkloadDescription
{
    private static readonly ApiParameter[] Page =
    [
        new("n", "The most entries of the page, 1,000 at most.", Type: "integer"), new("last", "The entry that the page goes on after, as a Link header carries it."),
        new("digest", "Leaves only the workloads that report this digest."),
    ];

    /// <summary>The calls.</summary>
    public static IEnumerable<ApiCall> Calls => WorkloadRoute.All.Select(Describe);

    private static ApiCall Describe(WorkloadRoute route)
    {
        var call = new ApiCall(route.Name, route.Method, route.Kind == WorkloadKind.One ? WorkloadRoute.Path + "/{name}" : WorkloadRoute.Path, ApiPart.Workloads, SummaryOf(route))
        {
            Right = $"registry {route.Action}",
        };
        return route.Name switch
        {
            "workloads.list" => call with { Parameters = Page, Answers = [new ApiAnswer(200, new ApiContent("Workloads"), "Link")] },
            "workloads.show" => call with { Answers = [new ApiAnswer(200, new ApiContent("WorkloadDetails"))] },
            "workloads.report" => call with
            {
                Body = new ApiContent("WorkloadReport"),
                Answers = [new ApiAnswer(201, new ApiContent("Workload")), new ApiAnswer(200, new ApiContent("Workload"))],
                Errors = [409, 413, 507],
            },
            _ => call with { Answers = [new ApiAnswer(204)] },
        };
    }

    private static string SummaryOf(WorkloadRoute route) => route.Name switch
    {
        "workloads.list" => "Lists the workloads that report to the registry, by name, those whose report ended included.",
        "workloads.show" => "Shows a workload with what it uses.",
        "workloads.report" => "Reports what a workload uses, in the place of its report before: nothing of it is deleted until the report ends.",
        _ => "Ends a workload's report: what it alone kept is kept no more.",
    };
}

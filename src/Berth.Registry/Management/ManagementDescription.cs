using Berth.Registry.ApiReference;

namespace Berth.Registry.Management;

/// <summary>What the API's document says of the control plane's routes.</summary>
internal static class ManagementDescription
{
    private static readonly ApiParameter Version = new("api-version", "A date such as 2023-07-01, with -preview behind it or not; any is taken.", IsRequired: true);
    private static readonly ApiParameter Token = new("$skiptoken", "Where the list goes on, as its nextLink says it.");

    private static readonly HashSet<string> Absent = [.. AbsentChildEndpoints.Routes.Select(route => route.Name)];

    /// <summary>The calls.</summary>
    public static IEnumerable<ApiCall> Calls => ManagementRoute.All.Select(Describe);

    /// <summary>The names of the routes that nobody has described.</summary>
    public static IEnumerable<string> Undescribed => ManagementRoute.All.Select(route => route.Name).Where(name => !Absent.Contains(name) && !RouteNotes.All.ContainsKey(name));

    private static ApiCall Describe(ManagementRoute route)
    {
        var note = Absent.Contains(route.Name) ? AbsentNote(route) : RouteNotes.All.GetValueOrDefault(route.Name) ?? new RouteNote($"{route.Method} of {route.Name}.");
        var isList = note.Answer?.EndsWith("[]", StringComparison.Ordinal) == true;
        var path = route.Pattern.StartsWith('/') ? route.Pattern : "/" + route.Pattern;
        return new ApiCall(route.Name, route.Method, path, ApiPart.ControlPlane, note.Summary)
        {
            Right = route.Action.Length == 0 ? "any role" : route.ListsWhatIsReadable ? $"{route.Action} at each entry" : route.Action,
            Parameters = [Version, .. note.Filter is { } filter ? new ApiParameter[] { new("$filter", filter, note.NeedsFilter) } : [], .. isList ? new[] { Token } : []],
            Body = note.Body is { } body ? new ApiContent(body, IsRequired: note.NeedsBody) : null,
            Answers = [.. AnswersOf(route, note)],
            Errors = route.Method is "GET" or "HEAD" ? [] : note.Body is null ? [409, 507] : [409, 413, 507],
        };
    }

    private static IEnumerable<ApiAnswer> AnswersOf(ManagementRoute route, RouteNote note)
    {
        var content = note.Answer is { } schema ? new ApiContent(schema) : null;
        int[] usual = route.Method switch
        {
            "PUT" => [200, 201],
            "DELETE" => [200, 204],
            _ => [200],
        };
        var statuses = note.Statuses ?? usual;
        return statuses.Select(status => new ApiAnswer(status, status == 204 ? null : content));
    }

    private static RouteNote AbsentNote(ManagementRoute route) => (route.Method, route.Name.EndsWith(".list", StringComparison.Ordinal)) switch
    {
        ("GET", true) => new RouteNote("Lists none: this version has nothing of the kind.") { Answer = "Absent[]" },
        ("GET", _) => new RouteNote("Finds none: this version has nothing of the kind.") { Statuses = [] },
        _ => new RouteNote("Is refused: this version has nothing of the kind.") { Statuses = [] },
    };
}

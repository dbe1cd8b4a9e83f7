using Berth.Registry.ApiReference;

namespace Berth.Registry.Identity.Directory;

/// <summary>What the API's document says of the directory's calls.</summary>
internal static class DirectoryDescription
{
    private const string Version = "/v1.0/";

    private static readonly ApiParameter[] Paging = [new("$filter", "Leaves only what it says, such as displayName eq 'text'."), new("$top", "The most entries of the page.", Type: "integer")];

    /// <summary>The calls.</summary>
    public static IEnumerable<ApiCall> Of(IEnumerable<GraphRoute> routes) => routes.Select(Describe);

    private static ApiCall Describe(GraphRoute route)
    {
        var path = PathOf(route.Pattern);
        var words = route.Pattern.Split('/');
        var isOne = words[^1] is "{}" or "me";
        var schema = SchemaOf(words, isOne);
        var isList = route.Method == "GET" && !isOne;
        return new ApiCall(NameOf(route), route.Method, path, ApiPart.Directory, SummaryOf(route, words, isOne))
        {
            Right = route.Need switch { GraphNeed.Write => "Microsoft.Authorization/directory/write", GraphNeed.Read => "any role", _ => null },
            Parameters = isList ? Paging : [],
            Body = route.Method is "POST" or "PATCH" ? new ApiContent(BodyOf(words) ?? schema) : null,
            Answers =
            [
                (route.Method, words[^1]) switch
                {
                    ("GET", _) => new ApiAnswer(200, new ApiContent(isList ? schema + "[]" : schema)),
                    ("POST", "addPassword") => new ApiAnswer(200, new ApiContent("DirectoryPassword")),
                    ("POST", "getByIds") => new ApiAnswer(200, new ApiContent(schema + "[]")),
                    ("POST", "$ref" or "removePassword" or "changePassword") or ("PATCH" or "DELETE", _) => new ApiAnswer(204),
                    _ => new ApiAnswer(201, new ApiContent(schema)),
                },
            ],
            Errors = route.Method == "GET" ? [] : [409],
        };
    }

    private static string SummaryOf(GraphRoute route, string[] words, bool isOne)
    {
        var what = string.Join(" of ", words.Where(word => word != "{}").Reverse().Select(Plain));
        return route.Method switch
        {
            "GET" => isOne ? $"Shows one of the {what}." : $"Lists the {what}.",
            "PATCH" => $"Changes one of the {what}.",
            "DELETE" => $"Takes away one of the {what}.",
            _ => words[^1] is "$ref" || words.Length == 1 || words[^1] == "federatedIdentityCredentials" ? $"Adds one to the {what}." : $"Calls {what}.",
        };
    }

    private static string Plain(string word) => word is "$ref" ? "references" : word;

    private static string NameOf(GraphRoute route) =>
        $"directory.{string.Join('.', route.Pattern.Split('/').Select(word => word == "{}" ? "one" : word.TrimStart('$')))}.{route.Method.ToLowerInvariant()}";

    // A name in the path is called as one of the collection before it.
    private static string PathOf(string pattern)
    {
        var words = pattern.Split('/');
        return Version + string.Join('/', words.Select((word, at) => word == "{}" ? $"{{{(words[at - 1] == "groups" ? "group" : words[at - 1].TrimEnd('s'))}}}" : word));
    }

    private static string SchemaOf(string[] words, bool isOne)
    {
        if (words[^1] is "memberOf" or "members") return "DirectoryObject";
        return (isOne && words.Length > 1 ? words[^2] : words[^1]) switch
        {
            "users" or "me" => "DirectoryUser",
            "groups" => "DirectoryGroup",
            "applications" => "DirectoryApplication",
            "servicePrincipals" => "DirectoryServicePrincipal",
            "federatedIdentityCredentials" => "DirectoryFederatedCredential",
            _ => "DirectoryObject",
        };
    }

    private static string? BodyOf(string[] words) => words[^1] switch
    {
        "$ref" => "DirectoryReference",
        "addPassword" => "DirectoryNewPassword",
        "removePassword" => "DirectoryPasswordKey",
        "changePassword" => "DirectoryPasswordChange",
        "getByIds" => "DirectoryIds",
        _ => null,
    };
}

using Berth.Registry.Identity;

namespace Berth.Registry.Lifecycle.TagRules;

/// <summary>One row of the route table of the rules that make tags write-once.</summary>
/// <param name="Name">The route's name in logs and the reference.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="IsOfOne">Whether the path names a rule.</param>
/// <param name="Action">The right on the registry.</param>
public sealed record TagRuleRoute(string Name, string Method, bool IsOfOne, RegistryAction Action)
{
    /// <summary>The path of the list.</summary>
    public const string Root = "/berth/v1/tag-rules";

    /// <summary>All routes. Tests and the reference page are made from this table.</summary>
    public static readonly IReadOnlyList<TagRuleRoute> All =
    [
        new("tag-rules.list", "GET", IsOfOne: false, RegistryAction.TagRulesRead),
        new("tag-rules.show", "GET", IsOfOne: true, RegistryAction.TagRulesRead),
        new("tag-rules.put", "PUT", IsOfOne: true, RegistryAction.TagRulesWrite),
        new("tag-rules.delete", "DELETE", IsOfOne: true, RegistryAction.TagRulesDelete),
    ];

    /// <summary>The path, with the name in braces.</summary>
    public string Path => IsOfOne ? $"{Root}/{{name}}" : Root;

    /// <summary>The route of a path and method; null when there is none.</summary>
    public static TagRuleRoute? Find(bool isOfOne, string method) => All.FirstOrDefault(route => route.IsOfOne == isOfOne && route.Method == method);

    /// <summary>The methods that a path has, for the <c>Allow</c> header.</summary>
    public static string Allow(bool isOfOne) => string.Join(", ", All.Where(route => route.IsOfOne == isOfOne).Select(route => route.Method));
}

using Berth.Oci;
using Berth.Registry.Identity.Authorization;

namespace Berth.Registry.Tests.Identity.Authorization;

/// <summary>Names, actions and assignments that the tests of the rules share.</summary>
internal static class Samples
{
    public const string Actions = "Microsoft.ContainerRegistry/registries/";
    public const string NameAttribute = "@Request[Microsoft.ContainerRegistry/registries/repositories:name]";

    public static readonly string[] DataActions =
    [
        Actions + "repositories/content/read", Actions + "repositories/content/write", Actions + "repositories/content/delete",
        Actions + "repositories/metadata/read", Actions + "repositories/metadata/write", Actions + "repositories/metadata/delete",
        Actions + "catalog/read", Actions + "pull/read",
    ];

    /// <summary>Names out of few pieces, so that they meet each other's prefixes.</summary>
    public static Gen<RepositoryName> Names { get; } =
        Gen.OneOf("a", "b", "ab", "a-b", "a.b", "team", "team-a", "team-ab", "z9", "0").Array[1, 3].Select(parts => RepositoryName.Parse(string.Join('/', parts)));

    public static RepositoryName Name(string name) => RepositoryName.Parse(name);

    public static RoleCondition Condition(string text) =>
        RoleCondition.TryParse(text, out var condition, out var error) ? condition : throw new FormatException(error.ToString());

    public static RoleDefinition Role(string name) => BuiltInRoles.Find(name) ?? throw new ArgumentException(name);

    public static RoleAssignment Assigned(string role, string? condition = null, string id = "1") =>
        new(id, "/subscriptions/s", Role(role), condition is null ? null : Condition(condition));

    /// <summary>The condition that Azure's portal writes for some actions and one comparison of the name.</summary>
    public static string Narrowed(string comparison, params string[] rights) =>
        $"(({string.Join(" AND ", rights.Select(right => $"!(ActionMatches{{'{Actions}repositories/{right}'}})"))}) OR ({NameAttribute} {comparison}))";
}

using Berth.Metadata;
using Berth.Registry.Identity;
using Berth.Registry.Identity.Authorization;
using static Berth.Registry.Tests.Identity.Authorization.Samples;

namespace Berth.Registry.Tests.Identity.Authorization;

public sealed class BuiltInRolesTests
{
    private const string Pull = "content/read metadata/read";
    private const string All = "content/read content/write content/delete metadata/read metadata/write metadata/delete deleted/read deleted/restore";

    /// <summary>What each role gives on repositories in each mode; a role that is absent gives nothing in either.</summary>
    private static readonly Dictionary<string, (string Legacy, string Abac)> Expected = new()
    {
        ["Owner"] = (All, ""),
        ["Contributor"] = (All, ""),
        ["Reader"] = (Pull + " deleted/read", ""),
        ["User Access Administrator"] = (Pull + " deleted/read", ""),
        ["Role Based Access Control Administrator"] = (Pull + " deleted/read", ""),
        ["AcrPull"] = (Pull, ""),
        ["AcrPush"] = (Pull + " content/write metadata/write", ""),
        ["AcrDelete"] = ("content/delete metadata/delete", ""),
        ["Container Registry Repository Reader"] = ("", Pull),
        ["Container Registry Repository Writer"] = ("", Pull + " content/write metadata/write"),
        ["Container Registry Repository Contributor"] = ("", All),
        ["Container Registry Data Importer and Data Reader"] = (Pull, Pull),
    };

    public static TheoryData<string> Roles => [.. BuiltInRoles.All.Select(role => role.Name)];

    [Theory]
    [MemberData(nameof(Roles))]
    public void A_role_gives_on_repositories_what_it_gives_in_Azure(string role)
    {
        var (legacy, abac) = Expected.GetValueOrDefault(role, ("", ""));
        Assert.Equal(Words(legacy), Given(role, RoleAssignmentMode.LegacyRegistryPermissions));
        Assert.Equal(Words(abac), Given(role, RoleAssignmentMode.AbacRepositoryPermissions));
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void A_role_lists_the_catalog_where_it_does_in_Azure(string role)
    {
        string[] legacy = ["Owner", "Contributor", "Reader", "User Access Administrator", "Role Based Access Control Administrator", "AcrPull", "AcrPush", "Container Registry Data Importer and Data Reader"];
        string[] abac = ["Container Registry Repository Catalog Lister", "Container Registry Data Importer and Data Reader"];
        Assert.Equal(legacy.Contains(role), Assigned(role).Allows(RegistryAction.CatalogRead, RoleAssignmentMode.LegacyRegistryPermissions));
        Assert.Equal(abac.Contains(role), Assigned(role).Allows(RegistryAction.CatalogRead, RoleAssignmentMode.AbacRepositoryPermissions));
    }

    [Theory]
    [InlineData("Owner", "Microsoft.Authorization/roleAssignments/write", true)]
    [InlineData("Contributor", "Microsoft.Authorization/roleAssignments/write", false)]
    [InlineData("Contributor", "Microsoft.Authorization/roleAssignments/delete", false)]
    [InlineData("Contributor", "Microsoft.Authorization/roleAssignments/read", true)]
    [InlineData("Contributor", "Microsoft.ContainerRegistry/registries/delete", true)]
    [InlineData("Reader", "Microsoft.ContainerRegistry/registries/read", true)]
    [InlineData("Reader", "Microsoft.ContainerRegistry/registries/listCredentials/action", false)]
    [InlineData("AcrPull", "Microsoft.ContainerRegistry/registries/read", false)]
    [InlineData("User Access Administrator", "Microsoft.Authorization/roleAssignments/write", true)]
    [InlineData("Role Based Access Control Administrator", "Microsoft.Authorization/roleDefinitions/write", false)]
    [InlineData("Container Registry Contributor and Data Access Configuration Administrator", "Microsoft.ContainerRegistry/registries/scopeMaps/write", true)]
    [InlineData("Container Registry Contributor and Data Access Configuration Administrator", "Microsoft.ContainerRegistry/registries/importImage/action", false)]
    [InlineData("Container Registry Configuration Reader and Data Access Configuration Reader", "Microsoft.ContainerRegistry/registries/tokens/read", true)]
    [InlineData("Container Registry Configuration Reader and Data Access Configuration Reader", "Microsoft.ContainerRegistry/registries/tokens/write", false)]
    [InlineData("Container Registry Tasks Contributor", "Microsoft.ContainerRegistry/registries/scheduleRun/action", true)]
    [InlineData("Managed Identity Operator", "Microsoft.ManagedIdentity/userAssignedIdentities/write", false)]
    public void A_role_allows_on_the_control_plane_what_it_allows_in_Azure(string role, string action, bool expected) =>
        Assert.Equal(expected, Assigned(role).AllowsControl(action));

    [Fact]
    public void Only_the_roles_that_may_say_so_change_role_assignments() => Assert.Equal(
        ["Owner", "User Access Administrator", "Role Based Access Control Administrator"],
        BuiltInRoles.All.Where(role => role.AllowsAction("Microsoft.Authorization/roleAssignments/write")).Select(role => role.Name));

    [Fact]
    public void Ids_and_names_are_unique_and_found()
    {
        Assert.Equal(26, BuiltInRoles.All.DistinctBy(role => role.Id).DistinctBy(role => role.Name.ToUpperInvariant()).Count());
        Assert.Equal(26, BuiltInRoles.All.Count);
        Assert.Equal("AcrPull", BuiltInRoles.Find(Guid.Parse("7f951dda-4ed3-4680-a7ca-43fe172d538d"))!.Name);
        Assert.Equal("AcrPull", BuiltInRoles.Find("acrpull")!.Name);
        Assert.Null(BuiltInRoles.Find("acr pull"));
        Assert.Null(BuiltInRoles.Find(Guid.Empty));
    }

    [Fact]
    public void What_one_block_of_a_role_takes_out_another_may_give()
    {
        var role = new RoleDefinition(Guid.Empty, "custom", "", false, ["/"], [new(["*"], ["*/delete"], ["*"], ["*/write"]), new(["A/delete"], [], ["A/write"], [])]);

        Assert.True(role.AllowsAction("A/delete"));
        Assert.False(role.AllowsAction("B/delete"));
        Assert.True(role.AllowsDataAction("A/write"));
        Assert.False(role.AllowsDataAction("B/write"));
        Assert.True(role.AllowsDataAction("B/delete"));
    }

    private static IEnumerable<RepositoryAction> Given(string role, RoleAssignmentMode mode) =>
        Enum.GetValues<RepositoryAction>().Where(action => Assigned(role).Allows(action, mode).IsAll);

    private static IEnumerable<RepositoryAction> Words(string text) =>
        text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => Enum.Parse<RepositoryAction>(word.Replace("/", "", StringComparison.Ordinal), ignoreCase: true)).Order();
}

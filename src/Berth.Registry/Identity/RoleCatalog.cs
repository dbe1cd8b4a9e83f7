using Berth.Metadata;
using Berth.Registry.Identity.Authorization;

namespace Berth.Registry.Identity;

/// <summary>Every role that can be assigned: those that come with the product, and those that operators defined.</summary>
internal sealed class RoleCatalog(IRoles roles)
{
    /// <summary>The roles that come with the product.</summary>
    public static IEnumerable<RoleDescription> BuiltIn => BuiltInRoles.All.Select(Describe);

    /// <summary>Whether the id is one of a role that comes with the product.</summary>
    public static bool IsBuiltIn(Guid id) => BuiltInRoles.Find(id) is not null;

    /// <summary>Whether the name is one of a role that comes with the product.</summary>
    public static bool IsBuiltIn(string name) => BuiltInRoles.Find(name) is not null;

    /// <summary>The role of the id, or null.</summary>
    public async ValueTask<RoleDescription?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        if (BuiltInRoles.Find(id) is { } known) return Describe(known);
        return await roles.FindRoleDefinitionAsync(id.ToString(), cancellationToken) is { } row ? Describe(row) : null;
    }

    /// <summary>Roles that operators defined, by name, after the given one.</summary>
    public async ValueTask<Page<RoleDescription>> ListCustomAsync(string? after, int limit, CancellationToken cancellationToken)
    {
        var page = await roles.ListRoleDefinitionsAsync(after, limit, cancellationToken);
        return new Page<RoleDescription>([.. page.Items.Select(Describe)], page.More, page.Last);
    }

    /// <summary>The role of a row.</summary>
    public static RoleDescription Describe(RoleDefinitionRecord row) => Describe(RoleRows.Read(row)) with { Authorship = row.Authorship };

    private static RoleDescription Describe(RoleDefinition role) => new(
        role.Id, role.Name, role.Description, role.IsBuiltIn, role.AssignableScopes,
        [.. role.Permissions.Select(block => new RoleBlock(block.Actions, block.NotActions, block.DataActions, block.NotDataActions))]);
}

/// <summary>A role for people.</summary>
/// <param name="Id">The id that assignments name it by.</param>
/// <param name="Name">The name for people.</param>
/// <param name="Description">What it is for, in a sentence.</param>
/// <param name="IsBuiltIn">Whether it comes with the product and cannot be changed.</param>
/// <param name="AssignableScopes">The scopes under which it may be assigned.</param>
/// <param name="Blocks">What it permits.</param>
internal sealed record RoleDescription(
    Guid Id, string Name, string Description, bool IsBuiltIn, IReadOnlyList<string> AssignableScopes, IReadOnlyList<RoleBlock> Blocks)
{
    /// <summary>Who made and changed it; null for one that comes with the product.</summary>
    public Authorship? Authorship { get; init; }
}

/// <summary>One block of a role: patterns of actions.</summary>
/// <param name="Actions">What it gives on the control plane.</param>
/// <param name="NotActions">What of that it does not give after all.</param>
/// <param name="DataActions">What it gives on what is stored.</param>
/// <param name="NotDataActions">What of that it does not give after all.</param>
internal sealed record RoleBlock(IReadOnlyList<string> Actions, IReadOnlyList<string> NotActions, IReadOnlyList<string> DataActions, IReadOnlyList<string> NotDataActions);

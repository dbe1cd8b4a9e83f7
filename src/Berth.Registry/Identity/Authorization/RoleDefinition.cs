namespace Berth.Registry.Identity.Authorization;

/// <summary>A named set of permissions that can be assigned.</summary>
/// <param name="Id">The id that assignments name it by.</param>
/// <param name="Name">The name for people.</param>
/// <param name="Description">What it is for, in a sentence.</param>
/// <param name="IsBuiltIn">Whether it comes with the product and cannot be changed.</param>
/// <param name="AssignableScopes">The scopes under which it may be assigned; <c>/</c> for all.</param>
/// <param name="Permissions">Its blocks; what one of them allows the role allows, whatever another takes out.</param>
public sealed record RoleDefinition(
    Guid Id, string Name, string Description, bool IsBuiltIn, IReadOnlyList<string> AssignableScopes, IReadOnlyList<RolePermissions> Permissions)
{
    /// <summary>Whether the role allows the action of the control plane.</summary>
    public bool AllowsAction(string action) => Permissions.Any(block => block.AllowsAction(action));

    /// <summary>Whether the role allows the action on what is stored.</summary>
    public bool AllowsDataAction(string action) => Permissions.Any(block => block.AllowsDataAction(action));
}

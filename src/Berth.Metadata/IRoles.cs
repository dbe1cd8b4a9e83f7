namespace Berth.Metadata;

/// <summary>Roles that operators defined, and who has which role where.</summary>
public interface IRoles
{
    /// <summary>A role by its GUID, or null.</summary>
    ValueTask<RoleDefinitionRecord?> FindRoleDefinitionAsync(string id, CancellationToken cancellationToken);

    /// <summary>Roles by name, after the given one.</summary>
    ValueTask<Page<RoleDefinitionRecord>> ListRoleDefinitionsAsync(string? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Makes or changes a role; raises the epoch of every registry. <see cref="CreateOutcome.Exists"/> when another one has its name;
    /// <see cref="CreateOutcome.Held"/> when it is assigned where it could not be assigned any more.
    /// </summary>
    Task<CreateResult<RoleDefinitionRecord>> PutRoleDefinitionAsync(RoleDefinitionRecord definition, Caller caller, CancellationToken cancellationToken);

    /// <summary>Deletes a role that is assigned nowhere; raises the epoch of every registry.</summary>
    Task<DeleteOutcome> DeleteRoleDefinitionAsync(string id, Caller caller, CancellationToken cancellationToken);

    /// <summary>A role assignment by its GUID, or null.</summary>
    ValueTask<RoleAssignmentRecord?> FindRoleAssignmentAsync(string id, CancellationToken cancellationToken);

    /// <summary>
    /// Makes an assignment, or changes condition and description of the one with its id; raises the epoch of every registry that its scope holds or
    /// is within. <see cref="CreateOutcome.Exists"/>, with what stands, when the principal has the role there under another id, or the id is another
    /// assignment's; <see cref="CreateOutcome.Unknown"/> when the principal or the role that it needs is absent.
    /// </summary>
    Task<CreateResult<RoleAssignmentRecord>> PutRoleAssignmentAsync(RoleAssignmentRecord assignment, Caller caller, CancellationToken cancellationToken);

    /// <summary>Deletes an assignment, with the same effect on epochs; null when it is absent.</summary>
    Task<RoleAssignmentRecord?> DeleteRoleAssignmentAsync(string id, Caller caller, CancellationToken cancellationToken);

    /// <summary>Assignments by scope and id, after the given key.</summary>
    /// <exception cref="FormatException">The key is not one that a page gave.</exception>
    ValueTask<Page<RoleAssignmentRecord>> ListRoleAssignmentsAsync(
        ResourceScope scope, ScopeReach reach, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>A principal's own assignments by scope and role, after the given key.</summary>
    /// <exception cref="FormatException">The key is not one that a page gave.</exception>
    ValueTask<Page<RoleAssignmentRecord>> ListRoleAssignmentsOfAsync(long principalId, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Every assignment of one of the principals at one of the scopes. One indexed read, whose work is their product.</summary>
    ValueTask<IReadOnlyList<GrantedRole>> FindGrantedRolesAsync(
        IReadOnlyCollection<long> principalIds, IReadOnlyCollection<ResourceScope> scopes, CancellationToken cancellationToken);
}

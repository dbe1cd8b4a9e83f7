using Berth.Metadata;
using Berth.Registry.Identity.Authorization;

namespace Berth.Registry.Identity;

/// <summary>What one principal may do on the control plane at the scopes that were asked about.</summary>
public sealed class ControlRights
{
    /// <summary>The owner's rights: everything everywhere.</summary>
    public static readonly ControlRights OfOwner = new([]) { IsOwner = true };

    private readonly IReadOnlyList<(ResourceScope Scope, RoleAssignment Assignment)> _assignments;

    internal ControlRights(IReadOnlyList<(ResourceScope Scope, RoleAssignment Assignment)> assignments) => _assignments = assignments;

    private bool IsOwner { get; init; }

    /// <summary>Whether the action, in Azure's words, is allowed at the scope; only at one that was asked about, or below it.</summary>
    public bool May(ResourceScope scope, string action) =>
        IsOwner || _assignments.Any(given => given.Scope.Contains(scope) && given.Assignment.AllowsControl(action));
}

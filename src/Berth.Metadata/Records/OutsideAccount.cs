namespace Berth.Metadata;

/// <summary>A person as an outside provider describes it.</summary>
/// <param name="Issuer">The provider.</param>
/// <param name="Subject">The provider's own id for the person, which is never another's.</param>
/// <param name="Name">The user name that the person gets here at the first sign-in; it stays then.</param>
/// <param name="DisplayName">The name that is shown to people.</param>
/// <param name="Groups">The provider's ids of the groups that become groups here.</param>
/// <param name="MappedGroups">The names or object ids of groups that stand here and that the provider's groups give.</param>
public sealed record OutsidePerson(
    string Issuer, string Subject, string Name, string DisplayName, IReadOnlyCollection<string> Groups, IReadOnlyCollection<string> MappedGroups);

/// <summary>How the sign-in of an outside provider's person ended.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Record">The account; of <see cref="OutsideOutcome.NameTaken"/> the one that has the name, of <see cref="OutsideOutcome.Gone"/> null.</param>
/// <param name="AbsentGroups">Mapped groups that do not stand here.</param>
public sealed record OutsideResult(OutsideOutcome Outcome, PrincipalRecord? Record, IReadOnlyList<string> AbsentGroups);

/// <summary>What becomes of the sign-in of an outside provider's person.</summary>
public enum OutsideOutcome
{
    /// <summary>The account was made.</summary>
    Created,

    /// <summary>The account stood, and has the memberships now that the provider names.</summary>
    Known,

    /// <summary>The account is disabled; nothing was changed.</summary>
    Disabled,

    /// <summary>Another account has the name; nothing was made.</summary>
    NameTaken,

    /// <summary>The account that it had to be stands no more; nothing was changed.</summary>
    Gone,
}

using System.Text.Json;

namespace Berth.Cli.Policies;

/// <summary>How much a rule matters.</summary>
internal enum PolicySeverity
{
    /// <summary>It is good to have.</summary>
    Low,

    /// <summary>What else goes wrong goes further without it.</summary>
    Medium,

    /// <summary>Without it somebody may get in who should not.</summary>
    High,
}

/// <summary>A registry as the control plane has it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Resource">The resource with its properties.</param>
/// <param name="Tokens">Its tokens; null when no rule that is applied asks for them.</param>
internal sealed record PolicySubject(string Name, JsonElement Resource, IReadOnlyList<JsonElement>? Tokens);

/// <summary>One of Azure's built-in policies for registries, as a rule that a registry keeps or breaks.</summary>
/// <param name="Id">Its name here, which stays the same from version to version.</param>
/// <param name="Definition">The GUID of the policy definition in Azure; null when Azure has none.</param>
/// <param name="Title">What it asks for.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Breach">Why a registry breaks it; null when it keeps it.</param>
/// <param name="Remediation">The command that makes a registry keep it.</param>
internal sealed record PolicyRule(
    string Id, string? Definition, string Title, PolicySeverity Severity, Func<PolicySubject, string?> Breach, Func<PolicySubject, string> Remediation)
{
    /// <summary>Whether it asks for the registry's tokens, which are a call of their own.</summary>
    public bool NeedsTokens { get; init; }

    /// <summary>Whether this is the rule of a name or of a definition's GUID.</summary>
    public bool IsNamed(string text) => Id.Equals(text, StringComparison.OrdinalIgnoreCase) || text.Equals(Definition, StringComparison.OrdinalIgnoreCase);
}

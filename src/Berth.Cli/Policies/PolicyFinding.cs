using System.Text.Json;
using Berth.Cli.Session;

namespace Berth.Cli.Policies;

/// <summary>Whether a registry keeps a rule.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Subject">The registry.</param>
/// <param name="Breach">Why it is broken; null when it is kept.</param>
internal sealed record PolicyFinding(PolicyRule Rule, PolicySubject Subject, string? Breach)
{
    /// <summary>The finding as JSON.</summary>
    public JsonElement ToJson() => Json.Make(json =>
    {
        json.WriteString("result"u8, Breach is null ? "pass"u8 : "fail"u8);
        json.WriteString("severity"u8, Rule.Severity.ToString().ToLowerInvariant());
        json.WriteString("registry"u8, Subject.Name);
        json.WriteString("rule"u8, Rule.Id);
        json.WriteString("title"u8, Rule.Title);
        json.WriteString("reason"u8, Breach);
        json.WriteString("remediation"u8, Breach is null ? null : Rule.Remediation(Subject));
        json.WriteString("policyDefinition"u8, Rule.Definition is null ? null : $"/providers/Microsoft.Authorization/policyDefinitions/{Rule.Definition}");
        json.WriteString("resource"u8, Subject.Resource.Text("id"));
    });
}

using Berth.Metadata;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Evidence;

/// <summary>Who can do what: the principals of a repository, or the repositories of a principal, each with the way that its rights come by.</summary>
internal sealed class RightsList(NamedPrincipals people, AccessReport report, PrincipalReport ofPrincipal, PublicNames names)
{
    /// <summary>Answers about a repository, a principal, or both.</summary>
    public async Task AnswerAsync(HttpContext context, RegistryRecord registry, bool knowsEverybody)
    {
        var (entries, isCut, next) = await FindAsync(context, registry, knowsEverybody);
        await EvidenceAnswer.WriteAsync(context, json =>
        {
            json.WriteStartArray("value"u8);
            foreach (var entry in entries)
            {
                json.WriteStartObject();
                json.WriteString("repository"u8, entry.Repository);
                json.WriteString("objectId"u8, entry.ObjectId);
                json.WriteString("name"u8, entry.Name);
                json.WriteString("displayName"u8, entry.DisplayName);
                json.WriteString("kind"u8, entry.Kind);
                json.WriteStartArray("actions"u8);
                foreach (var action in entry.Actions) json.WriteStringValue(action.ToString());
                json.WriteEndArray();
                json.WriteString("way"u8, entry.Way);
                json.WriteStartArray("groups"u8);
                foreach (var group in entry.Groups) json.WriteStringValue(group);
                json.WriteEndArray();
                json.WriteString("assignmentId"u8, entry.AssignmentId);
                json.WriteString("role"u8, entry.Role);
                json.WriteString("scope"u8, entry.Scope);
                json.WriteString("condition"u8, entry.Condition);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteBoolean("isCut"u8, isCut);
            EvidenceAnswer.WriteNext(json, context, names, next);
        });
    }

    private async Task<(IReadOnlyList<AccessReportEntry> Entries, bool IsCut, string? Next)> FindAsync(
        HttpContext context, RegistryRecord registry, bool knowsEverybody)
    {
        var isOfOne = context.Request.Query["principal"].Count > 0;
        var principal = isOfOne ? await people.FindAsync(context, registry, knowsEverybody) : null;
        if (isOfOne && EvidenceAnswer.OptionalRepositoryOf(context) is null)
        {
            var (entries, next) = await ofPrincipal.OfPrincipalAsync(registry, principal, EvidenceAnswer.AfterOf(context), context.RequestAborted);
            return (entries, false, next);
        }

        var (all, isCut) = await report.OfRepositoryAsync(registry, EvidenceAnswer.RepositoryOf(context), context.RequestAborted);
        return (isOfOne ? [.. all.Where(entry => entry.ObjectId == principal?.ObjectId || entry.ObjectId.Length == 0)] : all, isCut, null);
    }
}

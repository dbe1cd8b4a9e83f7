using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity.Authorization;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Evidence;

/// <summary>Why a principal may do something in a repository, or what it lacks.</summary>
internal sealed class RightsExplanation(Authorizer authorizer, IInstallation installation, NamedPrincipals people)
{
    /// <summary>Answers whether the principal may do the action in the repository, and why.</summary>
    public async Task AnswerAsync(HttpContext context, RegistryRecord registry, bool knowsEverybody)
    {
        var repository = EvidenceAnswer.RepositoryOf(context);
        if (!Enum.TryParse<RepositoryAction>(context.Request.Query["action"], ignoreCase: true, out var action) || !Enum.IsDefined(action))
            throw new OciException(OciErrorCode.BadRequest, $"action must be one of {string.Join(", ", Enum.GetNames<RepositoryAction>())}.");
        var record = await people.FindAsync(context, registry, knowsEverybody);
        var explanation = (await FindPermissionsAsync(record, registry, repository, action, context.RequestAborted)).Explain(repository, action);
        await EvidenceAnswer.WriteAsync(context, json =>
        {
            json.WriteString("principal"u8, record is null ? NamedPrincipals.NameIn(context) : record.ClientId ?? record.Name);
            json.WriteString("displayName"u8, record?.DisplayName ?? NamedPrincipals.NameIn(context));
            if (record is null) json.WriteNull("enabled"u8);
            else json.WriteBoolean("enabled"u8, record.Enabled);
            json.WriteString("repository"u8, repository.Value);
            json.WriteString("action"u8, action.ToString());
            json.WriteBoolean("allowed"u8, explanation.IsAllowed);
            json.WriteStartArray("reasons"u8);
            foreach (var reason in explanation.Reasons)
            {
                json.WriteStartObject();
                json.WriteString("verdict"u8, reason.Verdict.ToString());
                json.WriteString("sentence"u8, reason.Sentence);
                json.WriteString("source"u8, reason.Source);
                json.WriteString("role"u8, reason.Role);
                json.WriteString("scope"u8, reason.Scope);
                json.WriteString("condition"u8, reason.Condition);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("rolesThatAllow"u8);
            foreach (var role in explanation.RolesThatAllow) json.WriteStringValue(role);
            json.WriteEndArray();
        });
    }

    // What anybody may, whoever is signed in may, too.
    private async ValueTask<RegistryPermissions> FindPermissionsAsync(
        PrincipalRecord? record, RegistryRecord registry, RepositoryName repository, RepositoryAction action, CancellationToken cancellationToken)
    {
        var own = RegistryPermissions.FromAssignments([], registry.RoleAssignmentMode);
        if (record is not null)
        {
            var epochs = await installation.ReadEpochsAsync(record.Id, registry.Id, cancellationToken);
            own = await authorizer.FindPermissionsAsync(new SignedIn(Principal.Of(record), null, epochs.Registry), registry, cancellationToken);
        }

        return Authorizer.IsOfAnybody(action) && await authorizer.MayAnybodyPullAsync(registry, repository, cancellationToken)
            ? RegistryPermissions.Union(own, RegistryPermissions.FromAnonymousPull(NameSet.Of(repository)))
            : own;
    }
}

using System.Globalization;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity.Authorization;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Evidence;

/// <summary>
/// What an auditor asks: <c>GET /berth/v1/registries/{name}/access/{logins|denials|report|explain|consumers|credentials}</c>, with an access token of the authority for the
/// control plane and the right to read the registry's role assignments.
/// </summary>
internal sealed class EvidenceEndpoints(
    ControlAuthenticator authenticator, Authorizer authorizer, IInstallation installation, NamedPrincipals people, IAccessEvents events, AccessLog accessLog,
    AccessReport report, PrincipalReport ofPrincipal, ConsumerList consumers, CredentialList credentials, PublicNames names, TimeProvider time) : IFeatureRoutes
{
    private const string Prefix = "/berth/v1/registries/";
    private const string Right = "Microsoft.Authorization/roleAssignments/read";
    private const int MaxEvents = 1_000;

    /// <inheritdoc/>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        var path = context.Request.Path.Value ?? "";
        var isOurs = path.StartsWith(Prefix, StringComparison.Ordinal);
        handled = isOurs ? HandleAsync(context, path[Prefix.Length..].Split('/')) : Task.CompletedTask;
        return isOurs;
    }

    private async Task HandleAsync(HttpContext context, string[] segments)
    {
        try
        {
            await AnswerAsync(context, segments);
        }
        catch (Exception e) when (e is OciException or MetadataUnavailableException or MetadataFullException && !context.Response.HasStarted)
        {
            await RequestFailure.AnswerAsync(context, e);
        }
    }

    private async Task AnswerAsync(HttpContext context, string[] segments)
    {
        if (await authenticator.AuthenticateAsync(context, names.ArmEndpoint) is not { } principal)
        {
            context.Response.Headers.WWWAuthenticate = $"Bearer authorization_uri=\"{names.LoginEndpoint}\",error=\"invalid_token\"";
            throw new OciException(OciErrorCode.Unauthorized, "An access token of the authority for the control plane is needed; sign in (berth login, az login).");
        }

        if (segments is not [var name, "access", var question]) throw NotFound("There is nothing at this path.");
        var registry = await installation.FindRegistryAsync(name.ToLowerInvariant(), context.RequestAborted);
        var scope = registry?.Scope ?? ResourceScope.Root;
        var rights = await authorizer.FindControlRightsAsync(principal, [scope], context.RequestAborted);
        if (!rights.May(scope, Right))
        {
            var address = context.Connection.RemoteIpAddress?.ToString();
            accessLog.Record(AccessEventKinds.Denied, registry?.Id ?? 0, principal.Name, address, Right, context.TraceIdentifier);
            throw new OciException(OciErrorCode.Denied, $"'{principal.Name}' may not read who has access to '{name}'; ask for the role Reader there ({Right}).");
        }

        if (registry is null) throw NotFound($"There is no registry '{name}'.");
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET";
            throw new OciException(OciErrorCode.Unsupported, $"{context.Request.Method} is not supported here; see the Allow header.");
        }

        var knowsEverybody = rights.May(ResourceScope.OfSubscription(registry.SubscriptionId), Right);
        await (question switch
        {
            "logins" => EventsAsync(context, registry, AccessEventKinds.SignIn, AccessEventKinds.SignIn),
            "denials" => EventsAsync(context, registry, AccessEventKinds.Denied, AccessEventKinds.SignInRefused),
            "report" => ReportAsync(context, registry, knowsEverybody),
            "explain" => ExplainAsync(context, registry, knowsEverybody),
            "consumers" => consumers.AnswerAsync(context, registry),
            "credentials" => credentials.AnswerAsync(context, registry, knowsEverybody),
            _ => throw NotFound("There are logins, denials, report, explain, consumers and credentials."),
        });
    }

    private async Task EventsAsync(HttpContext context, RegistryRecord registry, string kind, string otherKind)
    {
        var hours = context.Request.Query["hours"] is [{ } text]
            ? int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var given) && given is > 0 and <= 2_160
                ? given
                : throw new OciException(OciErrorCode.BadRequest, "hours must be a whole number from 1 to 2160.")
            : 24;
        await accessLog.FlushIfPossibleAsync(context.RequestAborted);
        var found = await events.ListAccessEventsAsync(
            registry.Id, time.GetUtcNow() - TimeSpan.FromHours(hours), [kind, otherKind], MaxEvents, context.RequestAborted);
        var described = await people.DescribeAsync(found.Select(e => e.Actor), context.RequestAborted);
        await EvidenceAnswer.WriteAsync(context, json =>
        {
            json.WriteStartArray("value"u8);
            foreach (var e in found)
            {
                json.WriteStartObject();
                json.WriteString("minute"u8, e.Minute);
                json.WriteString("kind"u8, e.Kind);
                json.WriteString("actor"u8, e.Actor);
                if (described.GetValueOrDefault(e.Actor) is { } display) json.WriteString("displayName"u8, display);
                json.WriteString("address"u8, e.Address);
                json.WriteString("reason"u8, e.Reason);
                json.WriteNumber("count"u8, e.Count);
                json.WriteString("requestId"u8, e.RequestId);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteBoolean("isCut"u8, found.Count == MaxEvents);
        });
    }

    private async Task ReportAsync(HttpContext context, RegistryRecord registry, bool knowsEverybody)
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

    private async Task ExplainAsync(HttpContext context, RegistryRecord registry, bool knowsEverybody)
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

    private static OciException NotFound(string message) => new(OciErrorCode.NameUnknown, message);
}

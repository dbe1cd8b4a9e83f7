using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Identity.Authorization;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Evidence;

/// <summary>
/// What an auditor asks: <c>GET /berth/v1/registries/{name}/access/{question}</c> about a registry, <c>GET /berth/v1/access/{question}</c> about what belongs to none, with
/// an access token of the authority for the control plane and the right to read role assignments there.
/// </summary>
internal sealed class EvidenceEndpoints(
    ControlAuthenticator authenticator, Authorizer authorizer, IInstallation installation, NamedPrincipals people, AccessEventList accessEvents, AccessLog accessLog,
    AccessReport report, PrincipalReport ofPrincipal, ConsumerList consumers, CredentialList credentials, PublicNames names) : IFeatureRoutes
{
    private const string Prefix = "/berth/v1/";
    private const string Right = "Microsoft.Authorization/roleAssignments/read";

    /// <summary>The questions.</summary>
    public IReadOnlyList<EvidenceRoute> Routes =>
    [
        new("logins", EvidenceSubject.Registry | EvidenceSubject.Installation, accessEvents.LoginsAsync),
        new("denials", EvidenceSubject.Registry | EvidenceSubject.Installation, accessEvents.DenialsAsync),
        new("report", EvidenceSubject.Registry, call => ReportAsync(call.Context, call.Registry!, call.KnowsEverybody)),
        new("explain", EvidenceSubject.Registry, call => ExplainAsync(call.Context, call.Registry!, call.KnowsEverybody)),
        new("consumers", EvidenceSubject.Registry, call => consumers.AnswerAsync(call.Context, call.Registry!)),
        new("credentials", EvidenceSubject.Registry, call => credentials.AnswerAsync(call.Context, call.Registry!, call.KnowsEverybody)),
    ];

    /// <inheritdoc/>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        var path = context.Request.Path.Value ?? "";
        var (registry, question) = path.StartsWith(Prefix, StringComparison.Ordinal) ? PartsOf(path[Prefix.Length..].Split('/')) : (null, null);
        handled = question is null ? Task.CompletedTask : HandleAsync(context, registry, question);
        return question is not null;
    }

    private static (string? Registry, string? Question) PartsOf(string[] parts) => parts switch
    {
        ["access", .. var rest] => (null, string.Join('/', rest)),
        ["registries", var registry, "access", .. var rest] => (registry.ToLowerInvariant(), string.Join('/', rest)),
        ["registries", var registry, ..] => (registry.ToLowerInvariant(), ""),
        _ => (null, null),
    };

    private async Task HandleAsync(HttpContext context, string? registry, string question)
    {
        try
        {
            await AnswerAsync(context, registry, question);
        }
        catch (Exception e) when (e is OciException or MetadataUnavailableException or MetadataFullException && !context.Response.HasStarted)
        {
            await RequestFailure.AnswerAsync(context, e);
        }
    }

    private async Task AnswerAsync(HttpContext context, string? name, string question)
    {
        if (await authenticator.AuthenticateAsync(context, names.ArmEndpoint) is not { } principal)
        {
            context.Response.Headers.WWWAuthenticate = $"Bearer authorization_uri=\"{names.LoginEndpoint}\",error=\"invalid_token\"";
            throw new OciException(OciErrorCode.Unauthorized, "An access token of the authority for the control plane is needed; sign in (berth login, az login).");
        }

        var registry = name is null ? null : await installation.FindRegistryAsync(name, context.RequestAborted);
        var knowsEverybody = await CheckAsync(context, principal, name, registry);
        if (name is not null && registry is null) throw NotFound($"There is no registry '{name}'.");
        var subject = registry is null ? EvidenceSubject.Installation : EvidenceSubject.Registry;
        var known = Routes.Where(route => route.About.HasFlag(subject)).ToList();
        var found = known.Find(route => route.Question == question)
            ?? throw NotFound($"There is no such question; there are {string.Join(", ", known.Select(route => route.Question))}.");
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET";
            throw new OciException(OciErrorCode.Unsupported, $"{context.Request.Method} is not supported here; see the Allow header.");
        }

        await found.AnswerAsync(new EvidenceCall(context, registry, knowsEverybody));
    }

    // The result is whether the caller may ask about the subscription.
    private async Task<bool> CheckAsync(HttpContext context, Principal principal, string? name, RegistryRecord? registry)
    {
        var standing = await installation.FindInstallationAsync(context.RequestAborted);
        var subscription = standing is null ? ResourceScope.Root : ResourceScope.OfSubscription(registry?.SubscriptionId ?? standing.SubscriptionId);
        var scope = registry?.Scope ?? subscription;
        var rights = await authorizer.FindControlRightsAsync(principal, [scope], context.RequestAborted);
        if (rights.May(scope, Right)) return rights.May(subscription, Right);

        var what = name is null ? "the subscription" : $"'{name}'";
        accessLog.Record(AccessEventKinds.Denied, registry?.Id ?? 0, principal.Name, context.Connection.RemoteIpAddress?.ToString(), Right, context.TraceIdentifier);
        throw new OciException(OciErrorCode.Denied, $"'{principal.Name}' may not read who has access to {what}; ask for the role Reader there ({Right}).");
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

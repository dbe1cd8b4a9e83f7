using System.Globalization;
using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Evidence;

/// <summary>
/// What an auditor asks: <c>GET /berth/v1/registries/{name}/access/{logins|denials|report|explain}</c>, with an access token of the authority for the
/// control plane and the right to read the registry's role assignments.
/// </summary>
internal sealed class EvidenceEndpoints(
    ControlAuthenticator authenticator, Authorizer authorizer, IInstallation installation, IPrincipals principals, IAccessEvents events, AccessLog accessLog,
    AccessReport report, PublicNames names, TimeProvider time) : IFeatureRoutes
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
        if (!rights.May(scope, Right)) throw new OciException(OciErrorCode.Denied, $"'{principal.Name}' may not read who has access to '{name}'; ask for the role Reader there ({Right}).");
        if (registry is null) throw NotFound($"There is no registry '{name}'.");
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET";
            throw new OciException(OciErrorCode.Unsupported, $"{context.Request.Method} is not supported here; see the Allow header.");
        }

        await (question switch
        {
            "logins" => EventsAsync(context, registry, AccessEventKinds.SignIn, AccessEventKinds.SignIn),
            "denials" => EventsAsync(context, registry, AccessEventKinds.Denied, AccessEventKinds.SignInRefused),
            "report" => ReportAsync(context, registry),
            "explain" => ExplainAsync(context, registry),
            _ => throw NotFound("There are logins, denials, report and explain."),
        });
    }

    private async Task EventsAsync(HttpContext context, RegistryRecord registry, string kind, string otherKind)
    {
        var hours = context.Request.Query["hours"] is [{ } text]
            ? int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var given) && given is > 0 and <= 2_160
                ? given
                : throw new OciException(OciErrorCode.BadRequest, "hours must be a whole number from 1 to 2160.")
            : 24;
        await accessLog.FlushAsync(context.RequestAborted);
        var found = await events.ListAccessEventsAsync(
            registry.Id, time.GetUtcNow() - TimeSpan.FromHours(hours), [kind, otherKind], MaxEvents, context.RequestAborted);
        var people = await DescribeAsync(found.Select(e => e.Actor), context.RequestAborted);
        await WriteAsync(context, json =>
        {
            json.WriteStartArray("value"u8);
            foreach (var e in found)
            {
                json.WriteStartObject();
                json.WriteString("minute"u8, e.Minute);
                json.WriteString("kind"u8, e.Kind);
                json.WriteString("actor"u8, e.Actor);
                if (people.GetValueOrDefault(e.Actor) is { } display) json.WriteString("displayName"u8, display);
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

    private async Task ReportAsync(HttpContext context, RegistryRecord registry)
    {
        var (entries, isCut) = await report.OfRepositoryAsync(registry, RepositoryOf(context), context.RequestAborted);
        await WriteAsync(context, json =>
        {
            json.WriteStartArray("value"u8);
            foreach (var entry in entries)
            {
                json.WriteStartObject();
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
        });
    }

    private async Task ExplainAsync(HttpContext context, RegistryRecord registry)
    {
        var repository = RepositoryOf(context);
        if (!Enum.TryParse<RepositoryAction>(context.Request.Query["action"], ignoreCase: true, out var action) || !Enum.IsDefined(action))
            throw new OciException(OciErrorCode.BadRequest, $"action must be one of {string.Join(", ", Enum.GetNames<RepositoryAction>())}.");
        var who = context.Request.Query["principal"].ToString();
        var found = await FindPrincipalAsync(who, context.RequestAborted);

        // Another registry's tokens are not this one's auditor's to know of.
        var record = (found?.RegistryId is { } owner && owner != registry.Id ? null : found)
            ?? throw NotFound($"There is no principal '{(who.Length <= 100 ? who : who[..100])}': give a user name, a client id or an object id.");
        var epochs = await installation.ReadEpochsAsync(record.Id, registry.Id, context.RequestAborted);
        var permissions = await authorizer.FindPermissionsAsync(new SignedIn(Principal.Of(record), null, epochs.Registry), registry, context.RequestAborted);
        var explanation = permissions.Explain(repository, action);
        await WriteAsync(context, json =>
        {
            json.WriteString("principal"u8, record.ClientId ?? record.Name);
            json.WriteString("displayName"u8, record.DisplayName);
            json.WriteBoolean("enabled"u8, record.Enabled);
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
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("rolesThatAllow"u8);
            foreach (var role in explanation.RolesThatAllow) json.WriteStringValue(role);
            json.WriteEndArray();
        });
    }

    private async ValueTask<PrincipalRecord?> FindPrincipalAsync(string who, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(who, out var id)) return await installation.FindPrincipalAsync(who, cancellationToken);
        return await principals.FindPrincipalByObjectIdAsync(id.ToString(), cancellationToken)
            ?? await principals.FindPrincipalByClientIdAsync(id.ToString(), cancellationToken);
    }

    // An application signs in with a GUID, which says nothing to people.
    private async Task<Dictionary<string, string>> DescribeAsync(IEnumerable<string> actors, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var actor in actors.Distinct().Where(actor => Guid.TryParse(actor, out _)))
        {
            if (await principals.FindPrincipalByClientIdAsync(actor, cancellationToken) is { } record) found[actor] = record.DisplayName;
        }

        return found;
    }

    private static RepositoryName RepositoryOf(HttpContext context) => RepositoryName.TryParse(context.Request.Query["repository"].ToString(), out var repository)
        ? repository
        : throw new OciException(OciErrorCode.NameInvalid, "Give the repository: ?repository=team/app.");

    private static OciException NotFound(string message) => new(OciErrorCode.NameUnknown, message);

    private static async Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> write)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), context.RequestAborted);
    }
}

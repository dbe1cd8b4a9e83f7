using System.Text.Json;
using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Events;
using Berth.Registry.Network;
using Berth.Registry.Throttling;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity;

/// <summary>
/// The steps that every request to a registry takes before it acts: which registry its host means, whether its address is let in, who asks, whether they ask too often,
/// and whether they may. One that is not let in gets the challenge or the error here.
/// </summary>
internal sealed partial class RegistryGate(
    RegistryResolver registries, RegistryFirewall firewall, RequestLimiter limiter, RequestTurns turns, Authenticator authenticator, Authorizer authorizer, TokenChallenge challenge, AccessLog accessLog,
    AccessMetrics metrics, DiagnosticEvents diagnostics, IPrincipals principals, ILogger<RegistryGate> logger)
{
    private const string ReferrersRoute = "referrers.list";

    /// <summary>The registry that is asked, once its network rules have let the caller's address in: the first step of all.</summary>
    /// <exception cref="OciException">There is no such registry, the address is not let in, or the registry is asked too often.</exception>
    public async ValueTask<RegistryRecord> EnterAsync(HttpContext context)
    {
        var registry = await registries.ResolveAsync(context) ?? throw NoRegistryAt(RegistryResolver.HostOf(context.Request));
        firewall.Admit(context, registry);
        limiter.CheckArrival(context, registry);
        return registry;
    }

    /// <summary>The same where the registry is known by another host of its own.</summary>
    /// <exception cref="OciException">The address is not let in.</exception>
    public void CheckNetwork(HttpContext context, RegistryRecord registry) => firewall.Admit(context, registry);

    /// <summary>Who asks and what they may do; null for one that was not let in and has got the challenge.</summary>
    /// <exception cref="OciException">The caller may not do this, or asks too often.</exception>
    public async ValueTask<Admission?> AdmitAsync(HttpContext context, RegistryRecord registry, AccessDemand demand)
    {
        var found = await SignInTracedAsync(context, registry, demand);
        if (!demand.IsAgain) limiter.Count(context, registry, found?.Principal, demand.Route == ReferrersRoute);
        if (found is not { } signedIn)
        {
            await ChallengeAsync(context, registry, demand, insufficient: false);
            return null;
        }

        await TakeTurnAsync(context, registry, demand);
        var rights = await FindRightsAsync(signedIn, registry, demand, context.RequestAborted);
        var principal = signedIn.Principal;
        diagnostics.Known(context, principal);
        var isAllowed = demand.Action is { } action ? rights.IsAllowed(demand.Repository, action) : rights.MayUse(demand.RegistryAction);
        if (isAllowed || (demand.IsOfQuarantine && rights.MayQuarantineIn(demand.Repository)))
            return new Admission(registry, principal, rights) { Until = signedIn.Until, AsOf = signedIn.AsOf };

        // A token that was asked for too little is no denial: its client asks again.
        var permitted = demand.Action is { } right ? rights.Permissions.IsAllowed(demand.Repository, right) : rights.Permissions.MayUse(demand.RegistryAction);
        if (!permitted && principal.Id != 0) RecordDenial(context, registry, principal, demand);
        if (signedIn.Scopes is not null || principal.Id == 0)
        {
            // The client may ask for a token that reaches further; what its principal may not do, none will, and it is told so.
            await ChallengeAsync(context, registry, demand, insufficient: true, permitted || principal.Id == 0 ? null : Missing(principal, demand));
            return null;
        }

        throw new OciException(OciErrorCode.Denied, Missing(principal, demand));
    }

    /// <summary>
    /// What somebody may do now who was admitted before, at the security epoch of then, and comes back with a proof of that; null when they may not pull from the
    /// repository any more.
    /// </summary>
    public async ValueTask<Admission?> AdmitAgainAsync(HttpContext context, RegistryRecord registry, Principal principal, RepositoryName repository)
    {
        if (await authenticator.ConfirmAsync(principal, registry, context.RequestAborted) is not { } signedIn) return null;
        var rights = await authorizer.FindRightsAsync(signedIn, registry, repository, RepositoryAction.ContentRead, context.RequestAborted);
        if (rights.IsAllowed(repository, RepositoryAction.ContentRead)) return new Admission(registry, principal, rights);

        if (principal.Id != 0 && await principals.FindPrincipalByIdAsync(principal.Id, context.RequestAborted) is { } record)
            RecordDenial(context, registry, Principal.Of(record), new AccessDemand("blob.get", repository, RepositoryAction.ContentRead, default, null));
        return null;
    }

    // No method is async for a span's sake where nobody listens: a pull of a manifest passes here.
    private ValueTask<SignedIn?> SignInTracedAsync(HttpContext context, RegistryRecord registry, AccessDemand demand)
    {
        return RegistryTracing.IsOn ? TracedAsync() : SignInAsync(context, registry, demand);

        async ValueTask<SignedIn?> TracedAsync()
        {
            using var span = RegistryTracing.Start("authenticate");
            var signedIn = await SignInAsync(context, registry, demand);
            span?.SetTag("berth.access.outcome", signedIn is null ? "challenged" : signedIn.Principal.Id == 0 ? "anonymous" : "known");
            return signedIn;
        }
    }

    private ValueTask<CallerRights> FindRightsAsync(SignedIn signedIn, RegistryRecord registry, AccessDemand demand, CancellationToken cancellationToken)
    {
        return RegistryTracing.IsOn ? TracedAsync() : authorizer.FindRightsAsync(signedIn, registry, demand.Repository, demand.Action, cancellationToken);

        async ValueTask<CallerRights> TracedAsync()
        {
            using var span = RegistryTracing.Start("authorize");
            return await authorizer.FindRightsAsync(signedIn, registry, demand.Repository, demand.Action, cancellationToken);
        }
    }

    // Whoever is slow to send holds no turn: it is taken once the body has come, where that is read (JsonBody, and the push of a manifest). Read here, the bodies of those would be
    // waited for, and kept, who may do nothing. A body that no route reads puts nothing off.
    private ValueTask TakeTurnAsync(HttpContext context, RegistryRecord registry, AccessDemand demand)
    {
        if (demand.IsAgain) return ValueTask.CompletedTask;
        if (!demand.ReadsBody || !HasBody(context)) return turns.TakeAsync(context, registry);
        turns.Postpone(context, registry);
        return ValueTask.CompletedTask;
    }

    private static bool HasBody(HttpContext context) => context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != false;

    private ValueTask<SignedIn?> SignInAsync(HttpContext context, RegistryRecord registry, AccessDemand demand) => context.Request.Headers.Authorization.Count > 0
        ? authenticator.AuthenticateAsync(context, registry, demand.Reading)
        : AdmitAnybodyAsync(registry, demand, context.RequestAborted);

    // Without a credential one may do what anybody may, where the registry lets anybody do something there; elsewhere the challenge is the answer.
    private async ValueTask<SignedIn?> AdmitAnybodyAsync(RegistryRecord registry, AccessDemand demand, CancellationToken cancellationToken)
    {
        if (!Authorizer.IsOfAnybody(demand.Action)) return null;
        if (demand.Reading is { } reading && authorizer.Expects(Principal.Anonymous, null, registry.Id, reading))
        {
            var epochs = await reading.ReadAsync(Principal.Anonymous.Id, cancellationToken);
            if (authorizer.IsOpenAt(epochs.Registry, registry.Id, demand.Repository)) return new SignedIn(Principal.Anonymous, null, epochs.Registry);
        }

        var epoch = await authorizer.FindOpenEpochAsync(registry, demand.Repository, cancellationToken);
        return epoch == 0 ? null : new SignedIn(Principal.Anonymous, null, epoch);
    }

    private static string Missing(Principal principal, AccessDemand demand) => demand.Action is { } action
        ? $"'{principal.Name}' may not do this in '{demand.Repository}'; ask the registry's owner for the right '{action}'."
        : $"'{principal.Name}' may not do this in this registry; ask its owner for the right '{demand.RegistryAction}'.";

    private Task ChallengeAsync(HttpContext context, RegistryRecord registry, AccessDemand demand, bool insufficient, string? missing = null)
    {
        if (!insufficient) metrics.Denied("unauthorized");
        challenge.Set(context, registry, demand.Scope, insufficient);
        var what = insufficient ? "The token's scope is insufficient for this" : context.Request.Headers.Authorization.Count == 0
            ? "Authentication required"
            : "The credential is wrong or has expired";
        return ErrorResponse.WriteAsync(
            context, StatusCodes.Status401Unauthorized, OciErrorCode.Unauthorized,
            missing ?? $"{what}: sign in with a user name and password (docker login, podman login, helm registry login).", json => WriteScope(json, demand.Scope));
    }

    // What the challenge's scope says, as Azure Container Registry and Docker's registry write it: one entry for each action.
    private static void WriteScope(Utf8JsonWriter json, string? scope)
    {
        if (scope?.Split(':') is not [var type, var name, var actions]) return;
        json.WriteStartArray("detail"u8);
        foreach (var action in actions.Split(','))
        {
            json.WriteStartObject();
            json.WriteString("Type"u8, type);
            json.WriteString("Name"u8, name);
            json.WriteString("Action"u8, action);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void RecordDenial(HttpContext context, RegistryRecord registry, Principal principal, AccessDemand demand)
    {
        metrics.Denied("denied");
        var isFirst = accessLog.Record(
            AccessEventKinds.Denied, registry.Id, principal.Name, context.Connection.RemoteIpAddress?.ToString(),
            $"{demand.Route} {demand.Repository}".TrimEnd(), context.TraceIdentifier);
        if (isFirst) LogDenied(principal.Name, demand.Route, demand.Repository.ToString());
    }

    private static OciException NoRegistryAt(string host)
    {
        var shown = ClientText.Shorten(host, 300);
        return new OciException(OciErrorCode.NameUnknown, $"There is no registry at '{shown}'.", detail: shown);
    }
}

/// <summary>What a request asks for.</summary>
/// <param name="Route">The route's name, for logs and the list of denials.</param>
/// <param name="Repository">The repository; default where the whole registry is meant.</param>
/// <param name="Action">The right on the repository; null for what belongs to the whole registry.</param>
/// <param name="RegistryAction">The right on the registry, where <paramref name="Action"/> is null.</param>
/// <param name="Scope">The scope that a token needs, in the words of token requests; null where none gives it.</param>
internal readonly record struct AccessDemand(string Route, RepositoryName Repository, RepositoryAction? Action, RegistryAction RegistryAction, string? Scope)
{
    /// <summary>Whether the right to quarantine lets the caller in, too; the route then looks at what the body asks for.</summary>
    public bool IsOfQuarantine { get; init; }

    /// <summary>Whether the request was let in before, by epochs that turned out to have moved: it is counted, and has its turn.</summary>
    public bool IsAgain { get; init; }

    /// <summary>
    /// Whether the route reads the request's body, so that the turn comes after it: with <see cref="JsonBody"/> or <see cref="RequestTurns.TakePostponedAsync"/>; or a place of its
    /// own, for a blob's bytes. Any other has its turn before, whether a body comes with it or not.
    /// </summary>
    public bool ReadsBody { get; init; }

    /// <summary>What the request reads with its epochs, if the caller is expected to get that; null for nothing.</summary>
    public IEpochReading? Reading { get; init; }
}

/// <summary>A request that was let in.</summary>
/// <param name="Registry">The registry.</param>
/// <param name="Principal">Who asks.</param>
/// <param name="Rights">What they may do.</param>
internal sealed record Admission(RegistryRecord Registry, Principal Principal, CallerRights Rights)
{
    /// <summary>When their credential ends by itself; null for never.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>The epochs that the request's change must compare; null where they were read for it.</summary>
    public SecurityEpochs? AsOf { get; init; }
}

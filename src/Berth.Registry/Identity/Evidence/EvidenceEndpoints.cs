using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.ApiReference;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity.Evidence;

/// <summary>
/// What an auditor asks: <c>GET /berth/v1/registries/{name}/access/{question}</c> about a registry, <c>GET /berth/v1/access/{question}</c> about what belongs to none, with
/// an access token of the authority for the control plane and the right to read role assignments there.
/// </summary>
internal sealed class EvidenceEndpoints(
    ControlGate gate, Authorizer authorizer, IInstallation installation, AccessEventList accessEvents, AccessLog accessLog, RightsList rights,
    RightsExplanation explanation, ConsumerList consumers, CredentialList credentials, ILogger<EvidenceEndpoints> logger) : IFeatureRoutes
{
    private const string Prefix = "/berth/v1/";
    private const string Right = "Microsoft.Authorization/roleAssignments/read";

    /// <summary>The questions.</summary>
    public IReadOnlyList<EvidenceRoute> Routes =>
    [
        new("logins", EvidenceSubject.Registry | EvidenceSubject.Installation, accessEvents.LoginsAsync),
        new("denials", EvidenceSubject.Registry | EvidenceSubject.Installation, accessEvents.DenialsAsync),
        new("report", EvidenceSubject.Registry, call => rights.AnswerAsync(call.Context, call.Registry!, call.KnowsEverybody)),
        new("explain", EvidenceSubject.Registry, call => explanation.AnswerAsync(call.Context, call.Registry!, call.KnowsEverybody)),
        new("consumers", EvidenceSubject.Registry, call => consumers.AnswerAsync(call.Context, call.Registry!)),
        new("credentials", EvidenceSubject.Registry, call => credentials.AnswerAsync(call.Context, call.Registry!, call.KnowsEverybody)),
    ];

    /// <inheritdoc/>
    public IEnumerable<ApiCall> Calls => EvidenceDescription.Of(Routes, Prefix, Right);

    /// <inheritdoc/>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        var path = context.Request.Path.Value ?? "";
        var (registry, question) = path.StartsWith(Prefix, StringComparison.Ordinal) ? PartsOf(path[Prefix.Length..].Split('/')) : (null, null);
        handled = question is null ? Task.CompletedTask : RequestFailure.GuardAsync(context, logger, "/berth/v1 (access)", () => AnswerAsync(context, registry, question));
        return question is not null;
    }

    private static (string? Registry, string? Question) PartsOf(string[] parts) => parts switch
    {
        ["access", .. var rest] => (null, string.Join('/', rest)),
        ["registries", var registry, "access", .. var rest] => (registry.ToLowerInvariant(), string.Join('/', rest)),
        ["registries", var registry, ..] => (registry.ToLowerInvariant(), ""),
        _ => (null, null),
    };

    private async Task AnswerAsync(HttpContext context, string? name, string question)
    {
        var principal = await gate.SignInAsync(context);

        var registry = name is null ? null : await installation.FindRegistryAsync(name, context.RequestAborted);
        var knowsEverybody = await CheckAsync(context, principal, name, registry);
        if (name is not null && registry is null) throw NotFound($"There is no registry '{name}'.");
        var subject = registry is null ? EvidenceSubject.Installation : EvidenceSubject.Registry;
        var known = Routes.Where(route => route.About.HasFlag(subject)).ToList();
        var found = known.Find(route => route.Question == question)
            ?? throw NotFound($"There is no such question; there are {string.Join(", ", known.Select(route => route.Question))}.");
        if (!HttpMethods.IsGet(context.Request.Method)) throw RequestFailure.Unsupported(context, "GET");

        await found.AnswerAsync(new EvidenceCall(context, registry, knowsEverybody));
    }

    // The result is whether the caller may ask about the subscription.
    private async Task<bool> CheckAsync(HttpContext context, Principal principal, string? name, RegistryRecord? registry)
    {
        var standing = await installation.FindInstallationAsync(context.RequestAborted);
        var subscription = standing is null ? ResourceScope.Root : ResourceScope.OfSubscription(registry?.SubscriptionId ?? standing.SubscriptionId);
        var scope = registry?.Scope ?? subscription;
        var own = await authorizer.FindControlRightsAsync(principal, [scope], context.RequestAborted);
        if (own.May(scope, Right)) return own.May(subscription, Right);

        var what = name is null ? "the subscription" : $"'{name}'";
        accessLog.Record(AccessEventKinds.Denied, registry?.Id ?? 0, principal.Name, context.Connection.RemoteIpAddress?.ToString(), Right, context.TraceIdentifier);
        throw new OciException(OciErrorCode.Denied, $"'{principal.Name}' may not read who has access to {what}; ask for the role Reader there ({Right}).");
    }

    private static OciException NotFound(string message) => new(OciErrorCode.NameUnknown, message);
}

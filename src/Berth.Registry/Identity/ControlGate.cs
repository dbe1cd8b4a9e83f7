using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.Throttling;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity;

/// <summary>The steps that a request to an API of the whole installation takes before it acts: who asks, by an access token of the authority for the control plane, and whether they may.</summary>
internal sealed class ControlGate(ControlAuthenticator authenticator, Authorizer authorizer, IInstallation installation, PublicNames names, RequestLimiter limiter)
{
    /// <summary>Who asks.</summary>
    /// <exception cref="OciException">401: the request has no good token; 429: too many came.</exception>
    public async ValueTask<Principal> SignInAsync(HttpContext context)
    {
        var caller = await authenticator.AuthenticateAsync(context, names.ArmEndpoint);
        limiter.CountControl(context, caller);
        if (caller is { } principal) return principal;
        context.Response.Headers.WWWAuthenticate = $"Bearer authorization_uri=\"{names.LoginEndpoint}\",error=\"invalid_token\"";
        throw new OciException(OciErrorCode.Unauthorized, "An access token of the authority for the control plane is needed; sign in (berth login, az login).");
    }

    /// <summary>Lets only those go on who have the right at the subscription.</summary>
    /// <param name="context">The request.</param>
    /// <param name="principal">Who asks.</param>
    /// <param name="right">The right, as an action of role definitions.</param>
    /// <param name="what">What they would do, for the error: "do this with …".</param>
    /// <param name="role">The role to ask for.</param>
    /// <exception cref="OciException">403: they have not.</exception>
    public async ValueTask RequireAsync(HttpContext context, Principal principal, string right, string what, string role)
    {
        var known = await installation.FindInstallationAsync(context.RequestAborted) ?? throw new InvalidOperationException("There is no installation yet.");
        var scope = ResourceScope.OfSubscription(known.SubscriptionId);
        var rights = await authorizer.FindControlRightsAsync(principal, [scope], context.RequestAborted);
        if (!rights.May(scope, right)) throw new OciException(OciErrorCode.Denied, $"'{principal.Name}' may not {what}; ask for the role {role} at the subscription ({right}).");
    }
}

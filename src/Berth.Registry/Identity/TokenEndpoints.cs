using Berth.Metadata;
using Berth.Oci;
using Berth.Registry.ApiReference;
using Berth.Registry.Identity.Authority;
using Berth.Registry.Identity.Authorization;
using Berth.Registry.Network;
using Berth.Registry.Throttling;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Berth.Registry.Identity;

/// <summary>
/// A registry's token service: <c>GET /oauth2/token</c> with a user name and password in the header (Docker token authentication), <c>POST</c> with them, or
/// with a refresh token, in a form (Docker OAuth 2.0), and <c>POST /oauth2/exchange</c>, which gives a refresh token for an access token of the authority.
/// What is asked for and not permitted is left out of the token, not refused.
/// </summary>
internal sealed class TokenEndpoints(
    RegistryResolver registries, RegistryFirewall firewall, RequestLimiter limiter, KnownSettings settings, Authenticator authenticator, ControlAuthenticator control, Authorizer authorizer,
    AccessTokens tokens, AuthorityTokens authority, RefreshGrants refreshes, AccessLog accessLog, TokenChallenge challenge, PublicNames names) : IFeatureRoutes
{
    private const string ExchangePath = "/oauth2/exchange";

    /// <inheritdoc/>
    public IEnumerable<ApiCall> Calls => TokenDescription.Calls;

    /// <summary>Answers the request if it is for the token service; false if its path is another.</summary>
    public bool TryHandle(HttpContext context, out Task handled)
    {
        var path = context.Request.Path;
        var isToken = path.Equals(TokenChallenge.Path, StringComparison.Ordinal);
        var isOurs = isToken || path.Equals(ExchangePath, StringComparison.Ordinal);
        if (isOurs) RequestRoute.Set(context, isToken ? TokenChallenge.Path : ExchangePath);
        handled = isOurs ? AnswerAsync(context, isToken ? TokenAsync : ExchangeAsync) : Task.CompletedTask;
        return isOurs;
    }

    private async Task AnswerAsync(HttpContext context, Func<HttpContext, RegistryRecord, Task> act)
    {
        try
        {
            var registry = await registries.ResolveAsync(context) ?? throw new OciException(OciErrorCode.NameUnknown, "There is no registry at this host.");
            firewall.Admit(context, registry);
            limiter.CountSignIn(context, registry);
            await act(context, registry);
        }
        catch (OciException e)
        {
            if (e.Status == StatusCodes.Status429TooManyRequests) context.Response.Headers.RetryAfter = RequestFailure.WaitOf(e) ?? "1";
            await ErrorResponse.WriteAsync(context, e.Status, e.Code, e.Message, e.Detail);
        }
        catch (Exception e) when (e is MetadataUnavailableException or MetadataFullException)
        {
            context.Response.Headers.RetryAfter = "5";
            await ErrorResponse.WriteAsync(context, 503, OciErrorCode.Unavailable, "The registry's storage does not answer at this moment; try again shortly.");
        }
    }

    private async Task TokenAsync(HttpContext context, RegistryRecord registry)
    {
        if (HttpMethods.IsGet(context.Request.Method))
        {
            var query = context.Request.Query;
            CheckService(registry, query["service"]);
            var signedIn = context.Request.Headers.Authorization.Count == 0
                ? new SignedIn(Principal.Anonymous, null, registry.Epoch)
                : await authenticator.AuthenticateBasicAsync(context, registry);
            await IssueAsync(context, registry, signedIn, query["scope"]);
            return;
        }

        RequirePost(context, "GET, POST");
        var form = await RequestForm.ReadAsync(context);
        CheckService(registry, form["service"]);
        var signed = form.Required("grant_type") switch
        {
            "password" when NamesNobody(form) => new SignedIn(Principal.Anonymous, null, registry.Epoch),
            "password" => await authenticator.AuthenticateAsync(context, registry, form.Required("username"), form.Required("password")),
            "refresh_token" => await authenticator.AuthenticateAsync(context, registry, SecretCredentials.RefreshTokenUser, form.Required("refresh_token")),
            var grant => throw UnknownGrant(grant, "'refresh_token' or 'password'"),
        };
        await IssueAsync(context, registry, signed, form["scope"]);
    }

    private async Task ExchangeAsync(HttpContext context, RegistryRecord registry)
    {
        RequirePost(context, "POST");
        var form = await RequestForm.ReadAsync(context);
        CheckService(registry, form["service"]);
        var takesAny = settings.Of(registry).TakesControlPlaneTokens;
        string[] audiences = takesAny ? [names.ArmEndpoint, AuthorityTokens.RegistryAudience] : [AuthorityTokens.RegistryAudience];
        var (kind, signedIn) = form.Required("grant_type") switch
        {
            "access_token" or "access_token_refresh_token" => ("access token", await ReadAccessAsync(form.Required("access_token"), audiences, context.RequestAborted)),

            // One is good for every audience: where the control plane's is not enough, it is not either.
            "refresh_token" => ("refresh token", takesAny ? await refreshes.FindAtRegistryAsync(form.Required("refresh_token"), context.RequestAborted) : null),
            var grant => throw UnknownGrant(grant, "'access_token'"),
        };
        if (signedIn is null)
        {
            await ErrorResponse.WriteAsync(
                context, StatusCodes.Status401Unauthorized, OciErrorCode.Unauthorized,
                $"The {kind} is none of this installation's authority for '{string.Join("' or '", audiences)}', or is good no more; sign in again (az login, berth login).");
            return;
        }

        accessLog.Record(
            AccessEventKinds.SignIn, registry.Id, signedIn.Principal.Name, context.Connection.RemoteIpAddress?.ToString(), kind, context.TraceIdentifier);
        var tenant = await authority.TenantAsync(context.RequestAborted);
        var (token, lifetime) = await tokens.IssueRefreshAsync(registry, signedIn, tenant, context.RequestAborted);
        await WriteAsync(context, "refresh_token", token, lifetime);
    }

    private async ValueTask<SignedIn?> ReadAccessAsync(string token, string[] audiences, CancellationToken cancellationToken) =>
        token.Length > Authenticator.MaxTokenLength ? null : await control.ReadAsync(token, audiences, cancellationToken);

    private async Task IssueAsync(HttpContext context, RegistryRecord registry, SignedIn? signedIn, StringValues scope)
    {
        if (signedIn is null)
        {
            await RefuseAsync(context, registry);
            return;
        }

        if (!RegistryScopes.TryParse(scope.OfType<string>(), out var asked, out var error)) throw new OciException(OciErrorCode.BadRequest, error);
        var permissions = await authorizer.FindPermissionsAsync(signedIn, registry, context.RequestAborted);
        var open = await FindOpenAsync(registry, asked, context.RequestAborted);
        var access = asked.Grant(open.IsEmpty ? permissions : RegistryPermissions.Union(permissions, RegistryPermissions.FromAnonymousPull(open)));
        if (signedIn.Principal.Id == 0 && access.Count == 0)
        {
            await RefuseAsync(context, registry);
            return;
        }

        var (token, lifetime) = await tokens.IssueAccessAsync(registry, signedIn, access, context.RequestAborted);
        if (token.Length > Authenticator.MaxTokenLength)
            throw new OciException(OciErrorCode.BadRequest, $"A token for all that is longer than {Authenticator.MaxTokenLength} characters; ask for fewer scopes at once.");
        await WriteAsync(context, "access_token", token, lifetime);
    }

    private Task RefuseAsync(HttpContext context, RegistryRecord registry)
    {
        challenge.Set(context, registry, null, insufficient: false);
        return ErrorResponse.WriteAsync(
            context, StatusCodes.Status401Unauthorized, OciErrorCode.Unauthorized,
            "A user name and a password that are good are needed for a token; sign in again (docker login, podman login, helm registry login).");
    }

    // Those among the repositories asked for from which anybody may pull.
    private async ValueTask<NameSet> FindOpenAsync(RegistryRecord registry, RegistryScopes asked, CancellationToken cancellationToken)
    {
        var open = NameSet.None;
        foreach (var repository in asked.RepositoryNames)
        {
            if (await authorizer.MayAnybodyPullAsync(registry, repository, cancellationToken)) open = open.Union(NameSet.Of(repository));
        }

        return open;
    }

    // As the Azure SDKs ask that were given no credential.
    private static bool NamesNobody(IFormCollection form) => StringValues.IsNullOrEmpty(form["username"]) && StringValues.IsNullOrEmpty(form["password"]);

    private static void RequirePost(HttpContext context, string allow)
    {
        if (!HttpMethods.IsPost(context.Request.Method)) throw RequestFailure.Unsupported(context, allow);
    }

    private static OciException UnknownGrant(string grant, string known) =>
        new(OciErrorCode.Unsupported, $"grant_type must be {known}.", status: StatusCodes.Status400BadRequest, detail: Shorten(grant));

    private static Task WriteAsync(HttpContext context, string name, string token, TimeSpan lifetime) => JsonAnswer.WriteObjectAsync(context, StatusCodes.Status200OK, json =>
    {
        json.WriteString(name, token);
        json.WriteNumber("expires_in"u8, (long)lifetime.TotalSeconds);
    });

    private void CheckService(RegistryRecord registry, StringValues service)
    {
        if (service.Count == 0 || service.ToString().Equals(names.LoginServer(registry.Name), StringComparison.OrdinalIgnoreCase)) return;
        throw new OciException(
            OciErrorCode.BadRequest, $"This is the token service of '{names.LoginServer(registry.Name)}', not of the service that was named.",
            detail: Shorten(service.ToString()));
    }

    private static string Shorten(string text) => ClientText.Shorten(text, 100);
}

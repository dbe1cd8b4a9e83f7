using Berth.Metadata;
using Berth.Registry.Identity.OutsideAccounts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity.Authority;

/// <summary>The token endpoint (RFC 6749, 3.2): gives tokens for what a program brings.</summary>
internal sealed partial class TokenGrants(
    ClientProofs clients, PersonProofs people, DeviceGrants devices, CodeGrants codes, RefreshGrants refreshes, OutsideRenewal outside, TokenAnswers answers,
    AuthorityTokens tokens, PublicNames names, IdentityOptions options, AccessLog accessLog, ILogger<TokenGrants> logger)
{
    /// <summary>The grant of a device's sign-in (RFC 8628, 3.4).</summary>
    public const string DeviceCode = "urn:ietf:params:oauth:grant-type:device_code";

    private const string ClientCredentials = "client_credentials";
    private const string Password = "password";
    private const string RefreshToken = "refresh_token";
    private const string AuthorizationCode = "authorization_code";

    /// <summary>The grants there are here.</summary>
    public static string[] Offered(IdentityOptions options) =>
        [ClientCredentials, .. options.PasswordGrant ? (string[])[Password] : [], RefreshToken, DeviceCode, AuthorizationCode];

    /// <summary>Answers a request for tokens.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        var form = await RequestForm.ReadAsync(context);
        var grant = form.Required("grant_type");
        var client = await clients.IdentifyAsync(context, form);
        try
        {
            await (grant switch
            {
                ClientCredentials => AnswerApplicationAsync(context, form, client),
                Password => AnswerPasswordAsync(context, form, client),
                RefreshToken => AnswerRefreshAsync(context, form, client),
                DeviceCode or "device_code" => AnswerDeviceAsync(context, form, client),
                AuthorizationCode => AnswerCodeAsync(context, form, client),
                _ => throw new AuthorityException(
                    "unsupported_grant_type", 70003, "This grant_type is not supported; the openid-configuration names those that are."),
            });
        }
        catch (AuthorityException e) when (e.Error == AuthorityException.InvalidGrant && grant != Password)
        {
            // A password was recorded where it was checked.
            RecordRefusal(context, client, grant);
            throw;
        }
    }

    private void RecordRefusal(HttpContext context, Client client, string grant)
    {
        var address = context.Connection.RemoteIpAddress?.ToString();
        if (accessLog.Record(AccessEventKinds.SignInRefused, 0, client.Id, address, grant, context.TraceIdentifier)) LogRefused(client.Id, address, grant);
    }

    private async Task AnswerApplicationAsync(HttpContext context, IFormCollection form, Client client)
    {
        if (client.Proven is not { Kind: PrincipalKind.ServicePrincipal or PrincipalKind.ManagedIdentity } application)
            throw AuthorityException.BadClient(7000218, "The form needs 'client_secret' or 'client_assertion'.");
        await answers.WriteAsync(context, application, client.Until, Read(form, usual: null));
    }

    private async Task AnswerPasswordAsync(HttpContext context, IFormCollection form, Client client)
    {
        if (!options.PasswordGrant)
            throw new AuthorityException("unauthorized_client", 7000014, "Sign-in by grant_type=password is switched off here; use the device code or the browser.");
        var access = Read(form, names.ArmEndpoint);
        var person = await people.FindAsync(context, form.Required("username"), form.Required("password")) ?? throw AuthorityException.BadPassword();
        await AnswerPersonAsync(context, person, client, access, nonce: null);
    }

    private async Task AnswerRefreshAsync(HttpContext context, IFormCollection form, Client client)
    {
        var family = await refreshes.ReadAsync(form.Required("refresh_token"), client, context.RequestAborted);
        var access = Read(form, names.ArmEndpoint, family.Payload.Scope);
        var next = family.Principal.Issuer is null
            ? await refreshes.RenewAsync(family, client, context.RequestAborted)
            : await outside.RenewAsync(context, form.Required("refresh_token"), family.Principal, client);
        accessLog.Record(
            AccessEventKinds.SignIn, 0, family.Principal.Name, context.Connection.RemoteIpAddress?.ToString(), "refresh token", context.TraceIdentifier);
        await answers.WriteAsync(context, family.Principal, client.Id, access, nonce: null, next);
    }

    private async Task AnswerDeviceAsync(HttpContext context, IFormCollection form, Client client)
    {
        // The first version of Entra's protocol calls it code.
        var (person, payload) = await devices.RedeemAsync(form.Optional("device_code") ?? form.Required("code"), client, context.RequestAborted);
        var access = RequestedAccess.Parse(payload.Scope, payload.Resource, tokens.Audiences, names.ArmEndpoint);
        await AnswerPersonAsync(context, person, client, access, nonce: null, payload.Outside);
    }

    private async Task AnswerCodeAsync(HttpContext context, IFormCollection form, Client client)
    {
        var redeemed = await codes.RedeemAsync(
            form.Required("code"), client.Id, form.Required("redirect_uri"), form.Required("code_verifier"), context.RequestAborted);
        var payload = redeemed.Payload;
        var access = RequestedAccess.Parse(payload.Scope, payload.Resource, tokens.Audiences, names.ArmEndpoint);
        await AnswerPersonAsync(context, redeemed.Person, client, access, payload.Nonce, payload.Outside, redeemed.Family);
    }

    private async Task AnswerPersonAsync(
        HttpContext context, PrincipalRecord person, Client client, RequestedAccess access, string? nonce, OutsideSession? session = null, string? family = null)
    {
        var refresh = access.IsRenewable ? await refreshes.StartAsync(person, client, access.Scope, family, session, context.RequestAborted) : null;
        await answers.WriteAsync(context, person, client.Id, access, nonce, refresh);
    }

    private RequestedAccess Read(IFormCollection form, string? usual, string? before = null)
    {
        var (scope, resource) = (form.Optional("scope"), form.Optional("resource"));
        return RequestedAccess.Parse(scope is null && resource is null ? before : scope, resource, tokens.Audiences, usual);
    }
}

using System.Text;
using Berth.Metadata;
using Berth.Registry.Identity.Federation;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Berth.Registry.Identity.Authority;

/// <summary>
/// Says which program asks at the token endpoint, and whether it proved to be it: by a secret in the form or the header (RFC 6749, 2.3.1), or by an
/// assertion (RFC 7523). An id that nobody has is that of a public program, such as a command line.
/// </summary>
internal sealed partial class ClientProofs(
    SecretCredentials secrets, CertificateAssertions certificates, FederatedAssertions federated, UsedAssertions used, IPrincipals principals,
    ICredentials credentials, AccessLog accessLog, UsageLog usageLog, ILogger<ClientProofs> logger)
{
    private const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    private const int MaxHeaderLength = 8 * 1024;

    /// <summary>The program that asks.</summary>
    /// <exception cref="AuthorityException">It names no id, or brings a proof that is not good.</exception>
    public async Task<Client> IdentifyAsync(HttpContext context, IFormCollection form)
    {
        var (id, secret) = ReadHeader(context) ?? (form.Optional("client_id"), form.Optional("client_secret"));
        if (id is null) throw AuthorityException.Invalid("The form needs 'client_id'.", 900144);
        if (!Guid.TryParse(id, out var clientId)) throw new AuthorityException("unauthorized_client", 700016, "'client_id' must be a GUID.");

        var assertion = ReadAssertion(form);
        if (secret is not null && assertion is not null) throw AuthorityException.Invalid("Bring either 'client_secret' or 'client_assertion', not both.");
        if (secret is not null) return await CheckSecretAsync(context, clientId, secret);
        if (assertion is not null) return new Client(clientId.ToString(), await CheckAssertionAsync(context, clientId, assertion), null);
        await RequirePublicAsync(clientId, context.RequestAborted);
        return new Client(clientId.ToString(), null, null);
    }

    // Whoever has a proof brings it, whatever is asked for (RFC 6749, 3.2.1): an id alone is no secret.
    private async Task RequirePublicAsync(Guid clientId, CancellationToken cancellationToken)
    {
        if (await principals.FindPrincipalByClientIdAsync(clientId.ToString(), cancellationToken) is not { } record) return;

        // Whoever proves nothing is not told that it is disabled: it is refused as one that could be proven.
        if (!record.Enabled || (await credentials.ListCredentialsAsync(record.Id, cancellationToken)).Count > 0
            || (await credentials.ListFederatedCredentialsAsync(record.Id, cancellationToken)).Count > 0)
            throw AuthorityException.BadClient(7000218, "The form needs 'client_secret' or 'client_assertion': this application has one.");
    }

    private static string? ReadAssertion(IFormCollection form)
    {
        if (form.Optional("client_assertion") is not { } assertion) return null;
        return form.Optional("client_assertion_type") == AssertionType
            ? assertion
            : throw AuthorityException.Invalid($"'client_assertion_type' must be '{AssertionType}'.");
    }

    private async Task<Client> CheckSecretAsync(HttpContext context, Guid clientId, string secret)
    {
        var verified = await secrets.FindByClientIdAsync(clientId, Encoding.UTF8.GetBytes(secret), context.RequestAborted);
        var record = verified is null ? null : await principals.FindPrincipalByIdAsync(verified.Principal.Id, context.RequestAborted);
        if (record is not { Enabled: true } || record.Epoch != verified!.Principal.Epoch)
        {
            Refuse(context, clientId, "secret");
            throw AuthorityException.BadClient(
                7000215, $"Invalid client secret provided. The secret is wrong or expired, or there is no enabled application '{clientId}'.");
        }

        accessLog.Record(AccessEventKinds.SignIn, 0, clientId.ToString(), AddressOf(context), verified.Method, context.TraceIdentifier);
        usageLog.RecordUse(record.Id, verified.Sort, verified.KeyId!, AddressOf(context));
        return new Client(clientId.ToString(), record, verified.Until);
    }

    private async Task<PrincipalRecord> CheckAssertionAsync(HttpContext context, Guid clientId, string assertion)
    {
        var record = await principals.FindPrincipalByClientIdAsync(clientId.ToString(), context.RequestAborted);
        if (record is not { Enabled: true } || await VerifyAsync(record, assertion, context.RequestAborted) is not { } accepted
            || !await used.UseAsync(record, assertion, accepted.Until, context.Connection.RemoteIpAddress, context.RequestAborted))
        {
            Refuse(context, clientId, "assertion");
            throw AuthorityException.BadClient(
                700027,
                $"The client assertion is not good: it must be signed by a registered certificate or issuer of an enabled application '{clientId}', be for this authority, not "
                + "expired, and not have come from another address before.");
        }

        accessLog.Record(AccessEventKinds.SignIn, 0, clientId.ToString(), AddressOf(context), "assertion", context.TraceIdentifier);
        usageLog.RecordUse(record.Id, accepted.Sort, accepted.KeyId, AddressOf(context));
        return record;
    }

    // Every way in which an application's assertion can be good.
    private async ValueTask<AcceptedAssertion?> VerifyAsync(PrincipalRecord record, string assertion, CancellationToken cancellationToken) =>
        await certificates.VerifyAsync(record, assertion, cancellationToken) ?? await federated.VerifyAsync(record, assertion, cancellationToken);

    private void Refuse(HttpContext context, Guid clientId, string reason)
    {
        // A flood of wrong secrets must not become one of lines.
        if (accessLog.Record(AccessEventKinds.SignInRefused, 0, clientId.ToString(), AddressOf(context), reason, context.TraceIdentifier))
            LogRefused(clientId, AddressOf(context), reason);
    }

    private static string? AddressOf(HttpContext context) => context.Connection.RemoteIpAddress?.ToString();

    private static (string? Id, string? Secret)? ReadHeader(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)) return null;

        var bytes = new byte[MaxHeaderLength];
        var text = header.Length <= MaxHeaderLength && Convert.TryFromBase64Chars(header.AsSpan("Basic ".Length).Trim(), bytes, out var length)
            ? Encoding.UTF8.GetString(bytes, 0, length)
            : "";
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 ? (Decode(text[..colon]), Decode(text[(colon + 1)..])) : throw AuthorityException.Invalid("The Authorization header cannot be read.");
    }

    // Both halves are encoded as a form's values are.
    private static string Decode(string value) => Uri.UnescapeDataString(value.Replace('+', ' '));
}

/// <summary>A program that asks for tokens.</summary>
/// <param name="Id">Its GUID.</param>
/// <param name="Proven">The principal that it proved to be; null for one that brought no proof.</param>
/// <param name="Until">When the secret that it brought ends; null for never. An assertion is for once: what it gives may outlive it.</param>
internal sealed record Client(string Id, PrincipalRecord? Proven, DateTimeOffset? Until)
{
    /// <summary>Whether it proved who it is.</summary>
    public bool IsProven => Proven is not null;
}

using Berth.Metadata;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity.Authority;

/// <summary>Says which person a user name and a password are, and whether someone who signed in a while ago may go on.</summary>
internal sealed class PersonProofs(Authenticator authenticator, IPrincipals principals)
{
    /// <summary>The person, or null when they are not good.</summary>
    public async Task<PrincipalRecord?> FindAsync(HttpContext context, string name, string password) =>
        await authenticator.AuthenticatePersonAsync(context, name, password) is { } principal
            ? await FindAsync(principal.Id, principal.Epoch, context.RequestAborted)
            : null;

    /// <summary>The person of a row, if nothing of it has changed since it had this epoch.</summary>
    public async Task<PrincipalRecord?> FindAsync(long id, long epoch, CancellationToken cancellationToken) =>
        await principals.FindPrincipalByIdAsync(id, cancellationToken) is { Enabled: true } record && record.Epoch == epoch ? record : null;
}

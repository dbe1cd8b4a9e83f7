using Berth.Metadata;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity;

/// <summary>Says who asks on the control plane and in the directory, by an access token of the authority in the header (RFC 6750).</summary>
public sealed class ControlAuthenticator(AuthorityTokens tokens, IInstallation installation)
{
    /// <summary>Whose good token for one of the audiences the request has, as of now; null when it has none.</summary>
    public async ValueTask<Principal?> AuthenticateAsync(HttpContext context, params IReadOnlyList<string> audiences)
    {
        var header = context.Request.Headers.Authorization.ToString();
        return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && header.Length <= Authenticator.MaxTokenLength
            ? (await ReadAsync(header["Bearer ".Length..].Trim(), audiences, context.RequestAborted))?.Principal
            : null;
    }

    /// <summary>Whose token for one of the audiences it is, as of now; null when it is not good.</summary>
    public async ValueTask<SignedIn?> ReadAsync(string token, IReadOnlyList<string> audiences, CancellationToken cancellationToken)
    {
        if (await tokens.ReadAsync(token, audiences, cancellationToken) is not { } signedIn) return null;
        var epochs = await installation.ReadEpochsAsync(signedIn.Principal.Id, 0, cancellationToken);
        return epochs.Principal != 0 && epochs.Principal == signedIn.Principal.Epoch ? signedIn : null;
    }
}

using System.Net;
using Berth.Metadata;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity;

/// <summary>
/// The challenge of an answer to a request whose credential is missing or does not reach (RFC 6750, 3; Docker token authentication). No space follows a
/// comma: the Azure CLI splits there.
/// </summary>
internal sealed class TokenChallenge(PublicNames names)
{
    /// <summary>The challenge where no token service is named.</summary>
    public const string Basic = "Basic realm=\"Berth\"";

    /// <summary>The path of the token service.</summary>
    public const string Path = "/oauth2/token";

    /// <summary>Sets the challenge.</summary>
    /// <param name="context">The request and its answer.</param>
    /// <param name="registry">The registry, which is the service.</param>
    /// <param name="scope">What a token has to be asked for; null for a token without anything.</param>
    /// <param name="insufficient">Whether a good token was sent that does not reach.</param>
    public void Set(HttpContext context, RegistryRecord registry, string? scope, bool insufficient)
    {
        if (!MayNameRealm(context))
        {
            context.Response.Headers.WWWAuthenticate = Basic;
            return;
        }

        var asked = scope is null ? "" : $",scope=\"{scope}\"";
        var error = insufficient ? ",error=\"insufficient_scope\"" : "";
        context.Response.Headers.WWWAuthenticate =
            $"Bearer realm=\"{context.Request.Scheme}://{context.Request.Headers.Host}{Path}\",service=\"{names.LoginServer(registry.Name)}\"{asked}{error}";
    }

    // A client sends its password to the realm, which follows the request only to names that are ours, and not from a proxy's TLS to plain HTTP. Anybody
    // else is asked for the password where it is.
    private bool MayNameRealm(HttpContext context)
    {
        var host = RegistryResolver.HostOf(context.Request).TrimEnd('.');
        if (IPAddress.TryParse(host, out var address))
        {
            var local = context.Connection.LocalIpAddress;
            return IPAddress.IsLoopback(address) || address.Equals(local) || address.MapToIPv6().Equals(local);
        }

        var isLocal = IsAtOrUnder(host, "localhost");
        return (isLocal || context.Request.IsHttps) && (host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IsAtOrUnder(host, names.Domain));
    }

    private static bool IsAtOrUnder(string host, string domain) =>
        host.Equals(domain, StringComparison.OrdinalIgnoreCase) || host.EndsWith('.' + domain, StringComparison.OrdinalIgnoreCase);
}

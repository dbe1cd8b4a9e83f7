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
    /// <summary>The path of the token service.</summary>
    public const string Path = "/oauth2/token";

    /// <summary>Sets the challenge.</summary>
    /// <param name="context">The request and its answer.</param>
    /// <param name="registry">The registry, which is the service.</param>
    /// <param name="scope">What a token has to be asked for; null for a token without anything.</param>
    /// <param name="insufficient">Whether a good token was sent that does not reach.</param>
    public void Set(HttpContext context, RegistryRecord registry, string? scope, bool insufficient)
    {
        var asked = scope is null ? "" : $",scope=\"{scope}\"";
        var error = insufficient ? ",error=\"insufficient_scope\"" : "";
        context.Response.Headers.WWWAuthenticate =
            $"Bearer realm=\"{RealmOf(context, registry)}{Path}\",service=\"{names.LoginServer(registry.Name)}\"{asked}{error}";
    }

    // A client sends its password to the realm: it follows the request only to names that are ours.
    private string RealmOf(HttpContext context, RegistryRecord registry)
    {
        var host = RegistryResolver.HostOf(context.Request);
        return IsOurs(context, host) ? $"{context.Request.Scheme}://{context.Request.Headers.Host}" : $"https://{names.LoginServer(registry.Name)}";
    }

    private bool IsOurs(HttpContext context, string host)
    {
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.Equals(names.Domain, StringComparison.OrdinalIgnoreCase)) return true;
        if (host.EndsWith('.' + names.Domain, StringComparison.OrdinalIgnoreCase)) return true;
        return IPAddress.TryParse(host, out var address)
            && (IPAddress.IsLoopback(address) || address.Equals(context.Connection.LocalIpAddress) || address.MapToIPv6().Equals(context.Connection.LocalIpAddress));
    }
}

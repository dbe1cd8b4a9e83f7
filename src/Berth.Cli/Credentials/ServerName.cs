using Berth.Cli.Session;

namespace Berth.Cli.Credentials;

/// <summary>Registries as container tools name them: <c>host[:port]</c>, with or without a scheme and a path.</summary>
internal static class ServerName
{
    // Names of the installation that are no registry's.
    private static readonly string[] Reserved = ["arm", "login", "graph", "data", "portal"];

    /// <summary>The bare <c>host[:port]</c>, in lower case.</summary>
    /// <exception cref="ClientException">It is none.</exception>
    public static string Normalize(string text)
    {
        var name = text.Trim();
        var scheme = name.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0) name = name[(scheme + 3)..];
        var end = name.IndexOf('/', StringComparison.Ordinal);
        if (end >= 0) name = name[..end];
        return Uri.TryCreate($"https://{name}", UriKind.Absolute, out var address) && address.UserInfo.Length == 0 && address.PathAndQuery == "/" && name.Length > 0
            ? address.Authority
            : throw new ClientException("the server's name is no host[:port].");
    }

    /// <summary>Whether an account that is signed in may show itself at a registry: the address that it signed in at, and the names of that installation's registries. No token goes elsewhere.</summary>
    public static bool IsOf(SessionState session, string server)
    {
        if (server.Equals(new Uri(session.Endpoint).Authority, StringComparison.OrdinalIgnoreCase)) return true;
        var dot = server.IndexOf('.', StringComparison.Ordinal);
        return DomainOf(session) is { } domain && dot > 0
            && server[(dot + 1)..].Equals(domain, StringComparison.OrdinalIgnoreCase)
            && !Reserved.Contains(server[..dot], StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>The login server of a registry of the installation.</summary>
    /// <exception cref="ClientException">The installation has no names for its registries.</exception>
    public static string OfRegistry(SessionState session, string registry) => DomainOf(session) is { } domain
        ? $"{registry.ToLowerInvariant()}.{domain}"
        : throw new ClientException($"what {session.Endpoint} says of itself names no domain of registries; give the registry's address instead of '{registry}'.");

    private static string? DomainOf(SessionState session)
    {
        var authority = new Uri(session.ArmEndpoint).Authority;
        return authority.StartsWith("arm.", StringComparison.OrdinalIgnoreCase) ? authority["arm.".Length..] : null;
    }
}

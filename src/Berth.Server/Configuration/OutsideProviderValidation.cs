using Berth.Registry.Identity;

namespace Berth.Server.Configuration;

/// <summary>What the settings of the outside provider must satisfy together.</summary>
internal static class OutsideProviderValidation
{
    private const string Section = "Identity:Provider";
    private const int MaxName = 64;

    /// <summary>What is wrong, a sentence each; none when all is well.</summary>
    public static IEnumerable<string> Validate(OutsideProviderOptions options)
    {
        if (options.Issuer is not { } issuer)
        {
            if (options != new OutsideProviderOptions { GroupMap = options.GroupMap } || options.GroupMap.Count > 0)
                yield return $"{Section}:Issuer is missing, but other settings of {Section} are there; allowed is the provider's https address beside them, or none of them.";
            yield break;
        }

        if (!IsIssuer(issuer))
            yield return $"{Section}:Issuer is '{issuer}'; allowed is an https address without user, query and fragment, as the provider's discovery document has it.";
        if (options.ClientId is null)
            yield return $"{Section}:ClientId is missing; allowed is the id under which Berth is registered at {issuer}.";
        if (options.ClientSecret is not null && options.ClientSecretFile is not null)
            yield return $"{Section}:ClientSecret and {Section}:ClientSecretFile are both set; allowed is one of them.";
        if (!options.Scopes.Split(' ').Contains("openid") || options.Scopes.Any(c => c is < ' ' or > '~' or '"' or '\\'))
            yield return $"{Section}:Scopes is '{options.Scopes}'; allowed are scopes with 'openid' among them, separated by spaces.";
        if (options.Name.Length > MaxName || options.Name.Any(char.IsControl))
            yield return $"{Section}:Name has control characters or more than {MaxName} characters; allowed is a short name for the sign-in page.";
        foreach (var entry in options.GroupMap.Where(entry => entry.LastIndexOf('=') is var at && (at < 1 || at == entry.Length - 1)))
            yield return $"{Section}:GroupMap has '{entry}'; allowed is outer=inner, the provider's id for a group and the name or object id of one here.";
    }

    private static bool IsIssuer(string issuer) =>
        Uri.TryCreate(issuer, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps && uri.Query.Length == 0 && uri.Fragment.Length == 0
        && uri.UserInfo.Length == 0 && issuer.StartsWith("https://", StringComparison.Ordinal) && !issuer.Contains('\\', StringComparison.Ordinal);
}

namespace Berth.Server.Configuration;

/// <summary>What the options must satisfy together, beyond what each value's own type and range say.</summary>
internal static class ServerOptionsValidation
{
    // Leaves room for a registry's name and the labels of a data endpoint in a DNS name of 253 characters.
    private const int MaxDomain = 150;

    /// <summary>First labels that mean the control plane's own hosts.</summary>
    public static readonly IReadOnlyList<string> ReservedNames = ["arm", "login", "graph", "data", "portal"];

    /// <summary>What is wrong, a sentence each; none when all is well.</summary>
    public static IReadOnlyList<string> Validate(ServerOptions options)
    {
        var errors = new List<string>();
        var (http, https) = (options.Http.Listen, options.Https.Listen);
        if (options.Data.Contains('\0', StringComparison.Ordinal))
            errors.Add("Data holds a NUL character; allowed is a folder's path.");
        if (!IsDomain(options.Registry.Domain))
            errors.Add($"Domain is '{options.Registry.Domain}'; allowed is a DNS name in lower case without a port, such as registry.example.org.");
        if (!IsRegistry(options.Registry.DefaultRegistry))
            errors.Add($"DefaultRegistry is '{options.Registry.DefaultRegistry}'; allowed are 5 to 50 lower-case letters and digits, and none of {string.Join(", ", ReservedNames)}.");
        if (http.IsRemote && !options.Http.AllowRemote)
            errors.Add($"Http:Listen (--http) is '{http}', which other machines reach in plain text; allowed is a loopback address, unless Http:AllowRemote is true (behind a proxy that does TLS).");
        if (http.Kind == ListenKind.None && https.Kind == ListenKind.None)
            errors.Add("Http:Listen and Https:Listen are both none; allowed is one of them.");
        if (http.Kind != ListenKind.None && https.Kind != ListenKind.None && http.Port != 0 && http.Port == https.Port)
            errors.Add($"Http:Listen is '{http}' and Https:Listen is '{https}'; allowed are two different ports.");
        if (options.Tls.Certificate is null && (options.Tls.Key ?? options.Tls.Password) is not null)
            errors.Add("Tls:Key or Tls:Password is set, but Tls:Certificate is not; allowed is a key for a certificate of your own only.");
        errors.AddRange(StorageValidation.Validate(options.Storage));
        errors.AddRange(MetadataValidation.Validate(options.Metadata));
        errors.AddRange(PrivateListenerValidation.Validate(options));
        errors.AddRange(OutsideProviderValidation.Validate(options.Registry.Identity.Provider));
        return errors;
    }

    // RFC 1123: labels of letters, digits and inner hyphens. By hand, because the start should not load a regular expression engine for it.
    private static bool IsDomain(string text) => text.Length <= MaxDomain && text.Split('.').All(IsLabel);

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63 && label.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') && label[0] != '-' && label[^1] != '-';

    private static bool IsRegistry(string name) =>
        name.Length is >= 5 and <= 50 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)) && !ReservedNames.Contains(name);
}

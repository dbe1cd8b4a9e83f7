namespace Berth.Testing;

/// <summary>Where a registry answers, and as whom to call it.</summary>
/// <param name="Address">The base address, without a path.</param>
/// <param name="User">The owner's name.</param>
/// <param name="Password">The owner's password.</param>
public sealed record RegistryEndpoint(Uri Address, string User, string Password)
{
    /// <summary>The value of an Authorization header that is let in.</summary>
    public string Authorization => Basic(User, Password);

    /// <summary>Host and port, as they stand in a Host header and in an image's name.</summary>
    public string Authority => Address.Authority;

    /// <summary>The value of an Authorization header with any name and password.</summary>
    public static string Basic(string user, string password) =>
        "Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{user}:{password}"));

    /// <summary>
    /// A server that runs already, when <c>BERTH_TEST_URL</c> names one (with <c>BERTH_TEST_USER</c> and <c>BERTH_TEST_PASSWORD</c>); else null.
    /// </summary>
    public static RegistryEndpoint? FromEnvironment()
    {
        var url = Environment.GetEnvironmentVariable("BERTH_TEST_URL");
        return string.IsNullOrEmpty(url)
            ? null
            : new RegistryEndpoint(
                new Uri(url),
                Environment.GetEnvironmentVariable("BERTH_TEST_USER") ?? "owner",
                Environment.GetEnvironmentVariable("BERTH_TEST_PASSWORD") ?? "");
    }
}

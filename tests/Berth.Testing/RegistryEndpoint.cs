namespace Berth.Testing;

/// <summary>Where a registry answers, and as whom to call it.</summary>
/// <param name="address">The base address, without a path.</param>
/// <param name="user">The owner's name.</param>
/// <param name="password">The owner's password.</param>
/// <param name="time">The clock of the registry; null is this machine's.</param>
public sealed class RegistryEndpoint(Uri address, string user, string password, TimeProvider? time = null)
{
    private readonly RegistryTokens _tokens = new(address, Basic(user, password), time ?? TimeProvider.System);

    /// <summary>The base address, without a path.</summary>
    public Uri Address => address;

    /// <summary>The owner's name.</summary>
    public string User => user;

    /// <summary>The owner's password.</summary>
    public string Password => password;

    /// <summary>The value of an Authorization header with the owner's password.</summary>
    public string PasswordHeader => Basic(user, password);

    /// <summary>Host and port, as they stand in a Host header and in an image's name.</summary>
    public string Authority => address.Authority;

    /// <summary>
    /// The value of an Authorization header with which the owner sends a request: a token for that request, as container tools get one, or the
    /// password where no token reaches, and everywhere with <c>BERTH_TEST_ACCESS=basic</c>.
    /// </summary>
    public async Task<string> AuthorizeAsync(string method, string target) =>
        RequestScopes.Of(method, target) is { } scopes ? await AuthorizeForAsync(scopes) : PasswordHeader;

    /// <summary>The value of an Authorization header with a token of the owner for these scopes, or with the password where that is what the tests send.</summary>
    public async Task<string> AuthorizeForAsync(params IReadOnlyList<string> scopes) => TestRun.UsesPassword ? PasswordHeader : $"Bearer {await _tokens.GetAsync(scopes)}";

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

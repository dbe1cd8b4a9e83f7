using Berth.Cli.Credentials;
using Berth.Cli.Session;
using Berth.Oci.Client;

namespace Berth.Cli.Acr;

/// <summary>A registry's data plane, and who asks it.</summary>
/// <param name="Address">Where it answers.</param>
/// <param name="Session">The account that is signed in, when it may show itself there; null otherwise.</param>
/// <param name="Given">A user name and password that were given instead; null without.</param>
internal sealed record RegistryTarget(Uri Address, SessionState? Session, RegistryCredential? Given)
{
    /// <summary>A registry of the installation that is signed in to.</summary>
    public static RegistryTarget Of(SessionState session, string registry) => new(new Uri($"https://{ServerName.OfRegistry(session, registry)}"), session, null);

    /// <summary>What is shown the registry: what was given, or what the account that is signed in gets for its token; null for nothing.</summary>
    /// <exception cref="ClientException">The account was refused.</exception>
    public async Task<RegistryCredential?> SignInAsync(CancellationToken cancellationToken)
    {
        if (Given is not null || Session is null) return Given;
        var stored = await RegistrySignIn.ExchangeAsync(Session, Address.Authority, cancellationToken);
        return RegistryCredential.FromPassword(stored.Username, stored.Secret);
    }

    /// <summary>A client that shows a credential.</summary>
    public RegistryClient Open(RegistryCredential? credential, RetryWaits waits) =>
        new(Address, new RegistryClientOptions { Credential = credential, Waits = waits }, Wire.NewHandler(), disposeHandler: true);

    /// <summary>A client that is signed in.</summary>
    /// <exception cref="ClientException">The account was refused.</exception>
    public async Task<RegistryClient> ConnectAsync(CancellationToken cancellationToken) => Open(await SignInAsync(cancellationToken), Wire.Waits);
}

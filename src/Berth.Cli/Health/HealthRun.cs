using System.Runtime.CompilerServices;
using Berth.Cli.Acr;
using Berth.Cli.Session;
using Berth.Oci;
using Berth.Oci.Client;

namespace Berth.Cli.Health;

/// <summary>The checks of one registry, one after another: each of the way to it needs the one before, and what it then answers is looked at by itself.</summary>
/// <param name="target">The registry, and who asks.</param>
/// <param name="image">A repository or an image whose pull is tried; null for none.</param>
/// <param name="goesOn">Whether what does not need a failed check is looked at all the same.</param>
internal sealed class HealthRun(RegistryTarget target, (RepositoryName Repository, Reference? Reference)? image, bool goesOn)
{
    private bool _failed;

    /// <summary>The checks as they end; the first error ends them, or those that need it.</summary>
    public async IAsyncEnumerable<HealthCheck> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return Seen(await NetworkProbe.ResolveAsync(target.Address, cancellationToken));
        if (_failed) yield break;
        yield return Seen(await NetworkProbe.ConnectAsync(target.Address, cancellationToken));
        if (_failed) yield break;
        if (target.Address.Scheme == Uri.UriSchemeHttps) yield return Seen(await new TlsProbe(TimeProvider.System).LookAsync(target.Address, cancellationToken));
        if (_failed) yield break;

        using var anonymous = Wire.Connect();
        var (challenge, clock) = await new ChallengeProbe(anonymous, TimeProvider.System).AskAsync(target.Address, cancellationToken);
        yield return Seen(challenge);
        var isOpen = !_failed;
        if (clock is not null && (isOpen || goesOn)) yield return Seen(clock);
        if (!isOpen || Ends) yield break;

        var (signedIn, credential) = await AccessProbe.SignInAsync(target, cancellationToken);
        yield return Seen(signedIn);
        if (signedIn.Status == HealthStatus.Error) yield break;

        // What the registry answers is what is asked here, also when that is "later".
        using var client = target.Open(credential, RetryWaits.None);
        await foreach (var check in OfAccessAsync(client, credential is null, cancellationToken)) yield return Seen(check);
    }

    private bool Ends => _failed && !goesOn;

    private async IAsyncEnumerable<HealthCheck> OfAccessAsync(RegistryClient client, bool isAnonymous, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var token = await AccessProbe.TokenAsync(client, isAnonymous, cancellationToken);
        yield return token;
        if (token.Status == HealthStatus.Error) yield break;
        if (token.Status == HealthStatus.Ok)
        {
            var catalog = await AccessProbe.CatalogAsync(client, cancellationToken);
            yield return catalog;
            if (catalog.Status == HealthStatus.Error && !goesOn) yield break;
        }

        // What is public may be pulled without any credential.
        if (image is { } asked) yield return await AccessProbe.PullAsync(client, asked.Repository, asked.Reference, cancellationToken);
    }

    private HealthCheck Seen(HealthCheck check)
    {
        _failed |= check.Status == HealthStatus.Error;
        return check;
    }
}

using System.Net;
using Berth.Cli.Acr;
using Berth.Cli.Session;
using Berth.Oci;
using Berth.Oci.Client;

namespace Berth.Cli.Health;

/// <summary>What the credential is good for: tokens, the list of repositories, and a pull.</summary>
internal static class AccessProbe
{
    private const string Sign = "Sign in again (./berth login), or check --username and --password.";

    /// <summary>Exchanges the account that is signed in, where one is, for what the registry takes.</summary>
    public static async Task<(HealthCheck Check, RegistryCredential? Credential)> SignInAsync(RegistryTarget target, CancellationToken cancellationToken)
    {
        const string name = "refresh-token";
        if (target.Given is not null) return (new HealthCheck(name, HealthStatus.Skipped, "a user name and password were given"), target.Given);
        if (target.Session is null) return (new HealthCheck(name, HealthStatus.Skipped, "nobody is signed in to this registry's installation"), null);
        try
        {
            var credential = await target.SignInAsync(cancellationToken);
            return (HealthCheck.Ok(name, $"the registry gives {target.Session.UserName} a refresh token"), credential);
        }
        catch (ClientException e)
        {
            return (HealthCheck.Error(name, HealthCodes.RefreshToken, e.Message, Sign), null);
        }
    }

    /// <summary>Gets an access token, and shows it.</summary>
    public static Task<HealthCheck> TokenAsync(RegistryClient client, bool isAnonymous, CancellationToken cancellationToken)
    {
        const string name = "access-token";
        return TryAsync(name, HealthCodes.AccessToken, Sign, async () =>
        {
            try
            {
                await client.PingAsync(cancellationToken);
                return HealthCheck.Ok(name, isAnonymous ? "the registry lets in whoever says nothing of themselves" : "the registry takes the credential");
            }
            catch (OciException e) when (isAnonymous && e.Status is 401 or 403)
            {
                return new HealthCheck(name, HealthStatus.Skipped, "no credential was given, and the registry wants one") { NextStep = "Give --username and --password, or sign in with ./berth login." };
            }
        });
    }

    /// <summary>Lists a repository; whoever may not may still pull.</summary>
    public static Task<HealthCheck> CatalogAsync(RegistryClient client, CancellationToken cancellationToken)
    {
        const string name = "catalog";
        return TryAsync(name, HealthCodes.Catalog, "Look into the server's log.", async () =>
        {
            try
            {
                var first = await client.ListRepositoriesAsync(1, cancellationToken).Take(1).ToListAsync(cancellationToken);
                return HealthCheck.Ok(name, first.Count == 0 ? "there is no repository that may be seen" : "repositories may be listed");
            }
            catch (OciException e) when (e.Status is 401 or 403)
            {
                return new HealthCheck(name, HealthStatus.Skipped, "the credential may not list repositories, which takes no pull away");
            }
        });
    }

    /// <summary>Reads a manifest: the image's, or that of a tag of the repository.</summary>
    public static Task<HealthCheck> PullAsync(RegistryClient client, RepositoryName repository, Reference? reference, CancellationToken cancellationToken)
    {
        const string name = "pull";
        return TryAsync(name, HealthCodes.Pull, $"Check the name, and who may pull: ./berth acr access report --name REGISTRY --repository {repository}.", async () =>
        {
            if (reference is null)
            {
                var tags = await client.ListTagsAsync(repository, 1, cancellationToken).Take(1).ToListAsync(cancellationToken);
                if (tags is not [var first] || !Reference.TryParse(first, out var found)) return HealthCheck.Ok(name, $"{repository} may be read, and has no tag");
                reference = found;
            }

            var manifest = await client.GetManifestAsync(repository, reference.Value, cancellationToken);
            return HealthCheck.Ok(name, $"the manifest {manifest.Digest} of {new ImageName(repository, reference.Value)} was read");
        });
    }

    private static async Task<HealthCheck> TryAsync(string name, string code, string next, Func<Task<HealthCheck>> look)
    {
        try
        {
            return await look();
        }
        catch (OciException e)
        {
            return HealthCheck.Error(name, e.Status == (int)HttpStatusCode.TooManyRequests ? HealthCodes.TooMany : code, $"{e.Message} ({e.Status})", next);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TimeoutException)
        {
            return HealthCheck.Error(name, code, e.Message, next);
        }
    }
}

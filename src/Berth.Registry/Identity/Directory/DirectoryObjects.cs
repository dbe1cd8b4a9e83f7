using Berth.Metadata;

namespace Berth.Registry.Identity.Directory;

/// <summary>The principals that the directory shows, by the ids that clients name them by. Registries' tokens and admin users are not among them.</summary>
internal sealed class DirectoryObjects(IPrincipals principals, IInstallation installation)
{
    private const string ClientIdKey = "appId=";

    /// <summary>A principal by its object id, or null.</summary>
    public async ValueTask<PrincipalRecord?> FindAsync(string id, CancellationToken cancellationToken) =>
        Guid.TryParse(id, out var guid) && await principals.FindPrincipalByObjectIdAsync(guid.ToString(), cancellationToken) is { } record && IsShown(record)
            ? record
            : null;

    /// <summary>A person by object id or user name.</summary>
    /// <exception cref="GraphException">There is none.</exception>
    public async ValueTask<PrincipalRecord> UserAsync(string id, CancellationToken cancellationToken)
    {
        var record = await FindAsync(id, cancellationToken) ?? await installation.FindPrincipalAsync(id.ToLowerInvariant(), cancellationToken);
        return record is { Kind: PrincipalKind.User } ? record : throw GraphException.NotFound("user", id);
    }

    /// <summary>A group by object id.</summary>
    /// <exception cref="GraphException">There is none.</exception>
    public async ValueTask<PrincipalRecord> GroupAsync(string id, CancellationToken cancellationToken) =>
        await FindAsync(id, cancellationToken) is { Kind: PrincipalKind.Group } record ? record : throw GraphException.NotFound("group", id);

    /// <summary>A service principal or a managed identity by object id or <c>appId=</c> its client id.</summary>
    /// <exception cref="GraphException">There is none.</exception>
    public async ValueTask<PrincipalRecord> ServicePrincipalAsync(string id, CancellationToken cancellationToken) =>
        await FindApplicationLikeAsync(id, cancellationToken) ?? throw GraphException.NotFound("service principal", id);

    /// <summary>An application by object id or <c>appId=</c> its client id.</summary>
    /// <exception cref="GraphException">There is none.</exception>
    public async ValueTask<PrincipalRecord> ApplicationAsync(string id, CancellationToken cancellationToken) =>
        await FindApplicationLikeAsync(id, cancellationToken) is { Kind: PrincipalKind.ServicePrincipal } record
            ? record
            : throw GraphException.NotFound("application", id);

    /// <summary>The application of a service principal that may be changed here, by the ids that either goes by.</summary>
    /// <exception cref="GraphException">There is none, or it is a managed identity.</exception>
    public async ValueTask<PrincipalRecord> ChangeableAsync(string id, CancellationToken cancellationToken)
    {
        var record = await ServicePrincipalAsync(id, cancellationToken);
        return record.Kind == PrincipalKind.ServicePrincipal
            ? record
            : throw GraphException.BadRequest($"'{GraphJson.DisplayNameOf(record)}' is a managed identity; it is changed and deleted as the resource it is (az identity, berth identity).");
    }

    private async ValueTask<PrincipalRecord?> FindApplicationLikeAsync(string id, CancellationToken cancellationToken)
    {
        var record = !id.StartsWith(ClientIdKey, StringComparison.OrdinalIgnoreCase)
            ? await FindAsync(id, cancellationToken)
            : Guid.TryParse(id.AsSpan(ClientIdKey.Length), out var clientId)
                ? await principals.FindPrincipalByClientIdAsync(clientId.ToString(), cancellationToken)
                : null;
        return record?.Kind is PrincipalKind.ServicePrincipal or PrincipalKind.ManagedIdentity ? record : null;
    }

    private static bool IsShown(PrincipalRecord record) =>
        record.Kind is PrincipalKind.User or PrincipalKind.Group or PrincipalKind.ServicePrincipal or PrincipalKind.ManagedIdentity;
}

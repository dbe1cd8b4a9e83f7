using Berth.Metadata;
using Berth.Registry.Identity.Authorization;
using Microsoft.AspNetCore.Http;

namespace Berth.Registry.Identity;

/// <summary>Someone whose credential was verified for this request, or nobody in particular.</summary>
/// <param name="Id">The principal's row; 0 for somebody without a credential.</param>
/// <param name="Name">The name that logs and the ledger have: a person's user name, the GUID that an application signs in with, <c>registry/token</c>.</param>
/// <param name="Epoch">The security epoch the verification holds for.</param>
public sealed record Principal(long Id, string Name, long Epoch)
{
    /// <summary>Somebody without a credential.</summary>
    public static readonly Principal Anonymous = new(0, "anonymous", 0);

    /// <summary>The principal of a row.</summary>
    public static Principal Of(PrincipalRecord record) => new(record.Id, record.ClientId ?? record.Name, record.Epoch);

    /// <summary>Who asks, as the ledger records it.</summary>
    public Caller CallerOf(HttpContext context) => new(Id, Name, context.Connection.RemoteIpAddress?.ToString(), context.TraceIdentifier);
}

/// <summary>Who a request's credential says asks, and how far it reaches.</summary>
/// <param name="Principal">Who asks.</param>
/// <param name="Scopes">What the token was issued for; null for a credential without such a limit.</param>
/// <param name="RegistryEpoch">The registry's security epoch as it was read for this request, or as its change compares it.</param>
public sealed record SignedIn(Principal Principal, RegistryScopes? Scopes, long RegistryEpoch)
{
    /// <summary>When the credential ends by itself; null for never. Nothing that is given for it may be good for longer.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Set where no epoch was read: what is known of the caller holds as of these, and what the request changes must be refused unless they stand.</summary>
    public SecurityEpochs? AsOf { get; init; }
}

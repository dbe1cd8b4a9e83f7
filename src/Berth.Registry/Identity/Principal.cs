using Berth.Registry.Identity.Authorization;

namespace Berth.Registry.Identity;

/// <summary>Someone whose credential was verified for this request.</summary>
/// <param name="Id">The principal's row.</param>
/// <param name="Name">The user name.</param>
/// <param name="Epoch">The security epoch the verification holds for.</param>
public sealed record Principal(long Id, string Name, long Epoch);

/// <summary>Who a request's credential says asks, and how far it reaches.</summary>
/// <param name="Principal">Who asks.</param>
/// <param name="Scopes">What the token was issued for; null for a credential without such a limit.</param>
public sealed record SignedIn(Principal Principal, RegistryScopes? Scopes);

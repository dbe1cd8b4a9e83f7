namespace Berth.Registry.Identity;

/// <summary>Someone whose credential was verified for this request.</summary>
/// <param name="Id">The principal's row.</param>
/// <param name="Name">The user name.</param>
/// <param name="Epoch">The security epoch the verification holds for.</param>
public sealed record Principal(long Id, string Name, long Epoch);

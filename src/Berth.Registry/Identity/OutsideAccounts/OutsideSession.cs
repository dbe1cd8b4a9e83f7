namespace Berth.Registry.Identity.OutsideAccounts;

/// <summary>What is kept of a sign-in with the outside provider, to ask it again.</summary>
/// <param name="Token">The provider's refresh token, protected; null when it gave none.</param>
/// <param name="ReadAt">When the provider last said who the person is, in Unix seconds.</param>
internal sealed record OutsideSession(string? Token, long ReadAt);

using Berth.Metadata;

namespace Berth.Registry.Identity;

/// <summary>An assertion that was found good.</summary>
/// <param name="Until">When it ends.</param>
/// <param name="Sort">What it was checked with.</param>
/// <param name="KeyId">The key id of the certificate, or the name of the federated credential.</param>
internal readonly record struct AcceptedAssertion(DateTimeOffset Until, CredentialSort Sort, string KeyId);

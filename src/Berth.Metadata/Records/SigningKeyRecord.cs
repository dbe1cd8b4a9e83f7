namespace Berth.Metadata;

/// <summary>A key that tokens are signed with.</summary>
/// <param name="Id">The key's id, which tokens name (<c>kid</c>).</param>
/// <param name="Issuer">Whose tokens it signs.</param>
/// <param name="PrivateKey">The RSA key, PKCS #8.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ActiveFrom">From when on it signs; it verifies from the start.</param>
public sealed record SigningKeyRecord(string Id, string Issuer, byte[] PrivateKey, DateTimeOffset CreatedAt, DateTimeOffset ActiveFrom);

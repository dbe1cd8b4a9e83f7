namespace Berth.Metadata;

/// <summary>What kind of proof a credential is. The values are stored.</summary>
public enum CredentialKind
{
    /// <summary>A random secret.</summary>
    Secret = 1,

    /// <summary>A certificate whose key signs assertions.</summary>
    Certificate = 2,
}

/// <summary>One credential of a principal.</summary>
/// <param name="KeyId">Its GUID, unique within the principal.</param>
/// <param name="Kind">What kind of proof it is.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record CredentialRecord(string KeyId, CredentialKind Kind, DateTimeOffset CreatedAt)
{
    /// <summary>The place that holds one credential at a time, such as <c>password1</c>; null where there may be any number.</summary>
    public string? Slot { get; init; }

    /// <summary>The name that is shown to people, or null.</summary>
    public string? DisplayName { get; init; }

    /// <summary>The first characters of the secret, or null.</summary>
    public string? Hint { get; init; }

    /// <summary>The secret's SHA-256, or null.</summary>
    public byte[]? SecretHash { get; init; }

    /// <summary>The secret as its owner protected it, for one that must be shown again, or null.</summary>
    public byte[]? ProtectedSecret { get; init; }

    /// <summary>The certificate's thumbprint in upper-case hexadecimal, or null.</summary>
    public string? Thumbprint { get; init; }

    /// <summary>The certificate's DER, or null.</summary>
    public byte[]? Certificate { get; init; }

    /// <summary>From when on it proves nothing; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When it was used last, as far as that was recorded; null for never.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>From where it was used last, or null.</summary>
    public string? LastUsedAddress { get; init; }
}

/// <summary>A credential of a principal that signs assertions of other issuers.</summary>
/// <param name="Name">Its name, unique within the principal.</param>
/// <param name="Issuer">The issuer, exactly.</param>
/// <param name="Subject">The subject, exactly.</param>
/// <param name="Audiences">The audiences, at least one.</param>
/// <param name="Description">What it is for, or null.</param>
public sealed record FederatedCredentialRecord(string Name, string Issuer, string Subject, IReadOnlyList<string> Audiences, string? Description)
{
    /// <summary>When it was made; the store's to say.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>When it was used last, as far as that was recorded; null for never. The store's to say.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>From where it was used last, or null; the store's to say.</summary>
    public string? LastUsedAddress { get; init; }
}

/// <summary>What is known about a person's password.</summary>
/// <param name="SetAt">When it was set; null when that was before it was recorded.</param>
/// <param name="LastUsedAt">When it was used last, as far as that was recorded; null for never.</param>
/// <param name="LastUsedAddress">From where it was used last, or null.</param>
public sealed record PasswordRecord(DateTimeOffset? SetAt, DateTimeOffset? LastUsedAt, string? LastUsedAddress);

/// <summary>Which of a principal's proofs a use is of.</summary>
public enum CredentialSort
{
    /// <summary>A secret or a certificate, by its key id.</summary>
    Key,

    /// <summary>The person's password.</summary>
    Password,

    /// <summary>A federated credential, by its name.</summary>
    Federated,
}

/// <summary>A use of a credential.</summary>
/// <param name="PrincipalId">The principal.</param>
/// <param name="KeyId">The credential's key id or name; empty for a password.</param>
/// <param name="UsedAt">When.</param>
/// <param name="Sort">Which of the principal's proofs it is.</param>
/// <param name="Address">From where, or null.</param>
public readonly record struct CredentialUse(
    long PrincipalId, string KeyId, DateTimeOffset UsedAt, CredentialSort Sort = CredentialSort.Key, string? Address = null);
